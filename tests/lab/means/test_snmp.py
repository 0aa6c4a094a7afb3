"""SNMPv2c: the bytes that Net-SNMP's own programs send."""

import pytest

from firmward.lab.means import snmp


def test_a_question_is_as_the_standard_has_it() -> None:
    assert snmp.get("public", snmp.NAME) == bytes.fromhex(
        "3026 020101 0406 7075626c6963 a019 020101 020100 020100 300e 300c 0608 2b06010201010500 0500"
    )


def test_an_order_carries_its_text() -> None:
    asked = snmp.change("private", snmp.NAME, "me")
    assert asked[0] == snmp.SEQUENCE
    assert asked[1] == len(asked) - 2
    assert asked[14] == snmp.SET
    assert asked.endswith(b"\x04\x02me")


def test_what_has_no_room_is_refused() -> None:
    with pytest.raises(ValueError, match="bytes"):
        snmp.change("private", snmp.NAME, "x" * 128)
