"""Kbuild's files as statements, each with the tests that surround it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.vulns.kbuild.statements import Assignment, Guard, Inclusion, Rule, statements


def assigned(content: str) -> list[tuple[str, str]]:
    return [(one.name, one.value) for one in statements(content) if isinstance(one, Assignment)]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("obj-y += a.o", [("obj-y", "a.o")]),
        ("obj-$(CONFIG_A) := a.o b.o # c.o", [("obj-$(CONFIG_A)", "a.o b.o")]),
        ("obj-y += a.o \\\n\tb.o\nx = 1", [("obj-y", "a.o  \tb.o"), ("x", "1")]),
        ("obj-y += a.o \\\n", [("obj-y", "a.o")]),
        ("\tobj-y += a.o", [("obj-y", "a.o")]),
        ("obj-$(subst m,y,$(CONFIG_A)) += a.o", [("obj-$(subst m,y,$(CONFIG_A))", "a.o")]),
        ("obj-$(CONFIG_A:m=y) += a.o", [("obj-$(CONFIG_A:m=y)", "a.o")]),
        ("export KVM ?= ../virt", [("KVM", "../virt")]),
        ("override a ::= b", [("a", "b")]),
        ("a.o: CFLAGS := -DX=1", []),
        ("a.o: b.h", []),
        ("define x\nobj-y += a.o\nendef\nobj-y += b.o", [("obj-y", "b.o")]),
        ("all: b\n\techo $(c)\nobj-y += a.o", [("obj-y", "a.o")]),
        ("$(eval obj-y += a.o)", [("", "$(eval obj-y += a.o)")]),
        ("include-dirs := a", [("include-dirs", "a")]),
        ("else-y := a", [("else-y", "a")]),
    ],
)
def test_assignments(content: str, found: list[tuple[str, str]]) -> None:
    assert assigned(content) == found


def test_tests_nest_and_turn_at_else() -> None:
    content = """
ifdef CONFIG_A
ifeq ($(CONFIG_B),y)
both = 1
else ifneq ("$(CONFIG_C)","")
other = 1
else
neither = 1
endif
endif
always = 1
"""
    a = Guard("defined", "CONFIG_A")
    b, not_b = (Guard("equal", "$(CONFIG_B)", "y", is_negated) for is_negated in (False, True))
    c, not_c = (Guard("equal", "$(CONFIG_C)", "", is_negated) for is_negated in (True, False))
    found = {one.name: one.tests for one in statements(content) if isinstance(one, Assignment)}
    assert found == {"both": (a, b), "other": (a, not_b, c), "neither": (a, not_b, not_c), "always": ()}


def test_rules_and_inclusions() -> None:
    found = statements("$(obj)/a.o: $(src)/b.c FORCE\n\tcc $<\n\tld\ninclude $(src)/x.mk\ninclude/y.h: z\n-include w\n")
    assert found == [
        Rule("$(obj)/a.o", " $(src)/b.c FORCE", "\tcc $<\n\tld\n", ()),
        Inclusion("$(src)/x.mk", ()),
        Rule("include/y.h", " z", "", ()),
        Inclusion("w", ()),
    ]


@given(st.text(st.sampled_from("abo-y$(){}:=+?#\\\t \nCONFIG_ifdefelsendi,."), max_size=200))
def test_any_text_is_read_to_its_end(content: str) -> None:
    statements(content)


def test_what_closes_nothing_is_passed_over() -> None:
    assert assigned("endif\nelse\nobj-y += a.o\nifdef X\n") == [("obj-y", "a.o")]
