"""smb.conf: sections, and names in which neither case nor blanks count."""

from hypothesis import given
from hypothesis import strategies as st

from firmward.formats.smb_conf import LINE_LIMIT, parse


def test_names_are_told_without_case_and_blanks() -> None:
    text = "workgroup = A\n[ Data  One ]\n  Root  PreExec=/bin/a %u\n; path = /no\n# path = /no\npath=/srv\n"
    assert [(one.section, one.key, one.value, one.line) for one in parse(text)] == [
        ("global", "workgroup", "A", 1),
        ("data one", "rootpreexec", "/bin/a %u", 3),
        ("data one", "path", "/srv", 6),
    ]


def test_a_backslash_goes_on_in_the_next_line() -> None:
    text = "root preexec = /bin/a \\\n  -x\npath = /srv\n"
    assert [(one.value, one.line) for one in parse(text)] == [("/bin/a  -x", 1), ("/srv", 3)]


def test_a_line_without_an_end_is_cut_off() -> None:
    [found] = parse("path = " + "a\\\n" * 20_000 + "a")
    assert len(found.value) <= LINE_LIMIT


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    list(parse(text))
