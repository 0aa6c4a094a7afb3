"""security.capability as setcap writes it, and what the kernel refuses."""

import pytest

from firmward.formats.file_capabilities import parse
from firmward.formats.malformed import Malformed

PING = bytes.fromhex("0100000200200000000000000000000000000000")


def test_a_program_as_setcap_leaves_it() -> None:
    found = parse(PING)
    assert found.permitted == {"cap_net_raw"}
    assert found.inheritable == frozenset()
    assert found.effective


def test_the_upper_word_and_the_namespace() -> None:
    found = parse(bytes.fromhex("0000000300000000010000000000000000000000a0860100"))
    assert found.permitted == frozenset()
    assert found.inheritable == {"cap_chown"}
    assert (found.effective, found.root) == (False, 100_000)
    assert parse(bytes.fromhex("0000000200000000000000008000000000000000")).permitted == {"cap_bpf"}
    assert parse(bytes.fromhex("010000010020000000000000")).permitted == {"cap_net_raw"}


@pytest.mark.parametrize("data", [b"", b"\x01\x00", PING[:-1], PING + b"\0", b"\0\0\0\x04" + PING[4:]])
def test_what_the_kernel_refuses(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse(data)
