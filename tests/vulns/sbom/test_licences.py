"""What is an SPDX expression is written as one; anything else stays a name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.vulns.sbom import licences


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("MIT", "MIT"),
        ("mit", "MIT"),
        ("apache-2.0 or mit", "Apache-2.0 OR MIT"),
        ("GPL-2.0-only & MIT", "GPL-2.0-only AND MIT"),
        ("BSD-3-Clause | (MIT & Zlib)", "BSD-3-Clause OR (MIT AND Zlib)"),
        ("GPL-2.0+", "GPL-2.0+"),
        ("Apache-2.0+", "Apache-2.0+"),
        ("GPL-2.0 WITH Linux-syscall-note", "GPL-2.0 WITH Linux-syscall-note"),
        ("((MIT))", "((MIT))"),
        ("", None),
        ("GPLv2", None),
        ("MIT AND", None),
        ("AND MIT", None),
        ("MIT Apache-2.0", None),
        ("(MIT", None),
        ("MIT)", None),
        ("MIT) AND (MIT", None),
        ("()", None),
        ("MIT WITH MIT", None),
        ("Linux-syscall-note", None),
        ("(MIT) WITH Linux-syscall-note", None),
        ("MIT WITH (Linux-syscall-note)", None),
        ("MIT, Apache-2.0", None),
        ("(" * 99 + "MIT" + ")" * 99, None),
        ("MIT" + " AND MIT" * 999, None),
        ("MIT\x00", None),
    ],
)
def test_table(text: str, expression: str | None) -> None:
    assert licences.expression(text) == expression


@given(st.text(alphabet="()&| MITANDORWH-2.0+", max_size=40))
def test_what_is_valid_stays_as_it_is(text: str) -> None:
    found = licences.expression(text)
    assert found is None or licences.expression(found) == found


def test_an_id_is_one_and_an_expression_is_not() -> None:
    assert licences.is_id("MIT")
    assert not licences.is_id("mit")
    assert not licences.is_id("MIT OR Zlib")


def test_all_of_several_keeps_what_they_mean() -> None:
    assert licences.all_of(["MIT OR Zlib", "0BSD"]) == "(MIT OR Zlib) AND 0BSD"
    assert licences.all_of(["MIT OR Zlib"]) == "MIT OR Zlib"
