"""Markdown for a pull request: short, complete in what matters, and no name from an image becomes mark-up."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_sample import SECRETS, camera, clean, many, unreadable

from firmward.audit.markdown import code, render_markdown, text


def test_the_verdict_and_its_coverage_come_first() -> None:
    lines = render_markdown(camera()).splitlines()
    assert lines[0] == "## ❌ Not fit to ship as it is: 6 critical and 13 high problems"
    assert lines[4].startswith("**Coverage:** 21 of 25 checks were judged; 4 could not be")


def test_nothing_read_is_no_good_news() -> None:
    made = render_markdown(unreadable())
    assert made.startswith("## ❔ No verdict")
    assert "✅" not in made


def test_it_is_short() -> None:
    assert len(render_markdown(clean()).splitlines()) < 15
    assert len(render_markdown(many(1000))) < 65_536, "the most that a comment of a code host may hold"


def test_tables_are_whole() -> None:
    for line in render_markdown(camera()).splitlines():
        if line.startswith(("| 🟥", "| 🟧")):
            assert len(re.findall(r"(?<!\\)\|", line)) == 5


def test_no_secret_is_in_it() -> None:
    assert [secret for secret in SECRETS if secret in render_markdown(camera())] == []


@pytest.mark.parametrize(
    ("words", "written"),
    [
        ("<script>", "&lt;script&gt;"),
        ("[a](b)", r"\[a\](b)"),
        ("a|b", r"a\|b"),
        ("@team", "@<!-- -->team"),
        ("*x* _y_ `z`", r"\*x\* \_y\_ \`z\`"),
    ],
)
def test_text_is_text(words: str, written: str) -> None:
    assert text(words) == written


@pytest.mark.parametrize(("words", "written"), [("a", "`a`"), ("a`b", "``a`b``"), ("`", "`` ` ``"), ("a|b", r"`a\|b`")])
def test_code_cannot_be_left(words: str, written: str) -> None:
    assert code(words) == written


@settings(deadline=None)
@given(st.text())
def test_both_are_one_line_without_html(words: str) -> None:
    assert len(text(words).splitlines()) <= 1
    assert len(code(words).splitlines()) <= 1
    assert not re.search(r"<(?!!-- -->)", text(words))
