"""Superblock and hash tree of dm-verity, written without what devices lack."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from firmward.formats.verity_tree import NAMESPACE, identity


@given(st.binary(max_size=64))
def test_the_identity_is_a_name_based_uuid(salt: bytes) -> None:
    assert identity(salt) == uuid.uuid5(uuid.UUID(bytes=NAMESPACE), salt.hex()).bytes
