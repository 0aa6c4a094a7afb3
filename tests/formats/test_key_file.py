"""Key files: groups, comments, what comes again."""

from firmward.formats.key_file import parse

TEXT = "# a comment\n; another\n[one]\na = 1\na=2\n[two] # why\nb=x=y\nno key\n"


def test_the_last_value_of_a_key_holds() -> None:
    assert parse(TEXT).value("one", "a") == "2"


def test_a_value_may_hold_the_sign() -> None:
    found = parse(TEXT).get("two", "b")
    assert found is not None
    assert (found.value, found.line) == ("x=y", 7)


def test_what_is_not_there_is_the_default() -> None:
    assert parse(TEXT).value("two", "a", "none") == "none"
    assert parse(TEXT).names() == ("one", "two")
