"""A statement is believed when as many of the keys that may sign it have, and as it was signed."""

import json
from pathlib import Path

import pytest
import stores

from firmward.formats import dsse
from firmward.model.errors import TrustError
from firmward.signing.key_store import KeyStore
from firmward.signing.role import Role
from firmward.signing.statement import signed, verified

KIND = "application/vnd.firmward.build+json"
PAYLOAD = b'{"version": "1.4.0"}'


def keys_of(store: Path, role: Role) -> tuple[KeyStore, bytes]:
    opened = KeyStore.open(store)
    return opened, signed(KIND, PAYLOAD, opened.signers(role, stores.known()))


@pytest.mark.parametrize("role", [Role.BOOT, Role.ROOTFS, Role.UPDATE_ROOT])
def test_what_a_role_signs_is_what_was_said(store: Path, role: Role) -> None:
    opened, made = keys_of(store, role)
    assert verified(made, KIND, opened.public(role), 2 if role is Role.UPDATE_ROOT else 1) == PAYLOAD


def test_the_same_statement_has_the_same_bytes(store: Path) -> None:
    for role in (Role.BOOT, Role.ROOTFS):
        assert keys_of(store, role)[1] == keys_of(store, role)[1]


def test_one_signature_twice_is_not_two(store: Path) -> None:
    opened, made = keys_of(store, Role.ROOTFS)
    one = dsse.parse(made)
    doubled = dsse.to_json(dsse.Envelope(one.type, one.payload, one.signatures * 2))
    with pytest.raises(TrustError, match="1 of the keys"):
        verified(doubled, KIND, opened.public(Role.ROOTFS), 2)


def test_another_role_s_key_says_nothing(store: Path) -> None:
    opened, made = keys_of(store, Role.TARGETS)
    with pytest.raises(TrustError, match="0 of the keys"):
        verified(made, KIND, opened.public(Role.ROOTFS))


def test_no_key_believes_nothing(store: Path) -> None:
    with pytest.raises(TrustError, match="0 of the keys"):
        verified(keys_of(store, Role.ROOTFS)[1], KIND, (), 0)


def test_a_statement_of_another_kind_is_refused(store: Path) -> None:
    opened, made = keys_of(store, Role.ROOTFS)
    with pytest.raises(TrustError, match="another kind"):
        verified(made, "application/vnd.other+json", opened.public(Role.ROOTFS))


@pytest.mark.parametrize("change", ["payload", "payloadType", "sig"])
def test_what_was_altered_is_refused(store: Path, change: str) -> None:
    opened, made = keys_of(store, Role.ROOTFS)
    document = json.loads(made)
    if change == "sig":
        document["signatures"][0]["sig"] = "A" * 86 + "=="
    else:
        document[change] = document[change].replace(document[change][4], "B", 1)
    altered = json.dumps(document, separators=(",", ":")).encode()
    with pytest.raises(TrustError):
        verified(altered, KIND, opened.public(Role.ROOTFS))


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"[" * 100_000, b"\xff", b'{"payload":1}'])
def test_what_is_no_envelope_is_refused(content: bytes) -> None:
    with pytest.raises(TrustError, match="no signed statement"):
        verified(content, KIND, ())


def test_a_statement_in_another_spelling_is_refused(store: Path) -> None:
    opened, made = keys_of(store, Role.ROOTFS)
    with pytest.raises(TrustError, match="one form"):
        verified(made.replace(b'","', b'", "'), KIND, opened.public(Role.ROOTFS))
