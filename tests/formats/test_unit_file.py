import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.formats import inittab, services, unit_file, xinetd


def test_settings_keep_section_order_and_line() -> None:
    found = unit_file.parse(
        "[Unit]\n# c\nAfter=a\\\n# inside\n  b\n\n[Service]\nExecStart=\nExecStart = /x \nrubbish\n"
    )
    assert [(item.section, item.key, item.value, item.line) for item in found.settings] == [
        ("Unit", "After", "a b", 3),
        ("Service", "ExecStart", "", 8),
        ("Service", "ExecStart", "/x", 9),
    ]
    assert found.problems == ("line 10: neither a section nor a setting",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("/a b  c", ["/a", "b", "c"]),
        ("/a 'b c' \"d e\"", ["/a", "b c", "d e"]),
        ("/a b\\x20c\\sd \\101", ["/a", "b c d", "A"]),
        ("/a ''", ["/a", ""]),
        ("/a 'b", ["/a", "b"]),
        ('"A=b c" D=e', ["A=b c", "D=e"]),
    ],
)
def test_command_lines_are_split(text: str, words: list[str]) -> None:
    assert [word.text for word in unit_file.split(text)] == words


@pytest.mark.parametrize(
    ("value", "prefixes", "words"),
    [
        ("-/a b", "-", ["/a", "b"]),
        ("@/a zero b", "@", ["/a", "b"]),
        ("!!+:/a", "!!+:", ["/a"]),
    ],
)
def test_prefixes_of_a_command(value: str, prefixes: str, words: list[str]) -> None:
    (command,) = unit_file.commands(value)
    assert (command.prefixes, [word.text for word in command.words]) == (prefixes, words)


def test_a_semicolon_parts_commands() -> None:
    texts = [[word.text for word in line.words] for line in unit_file.commands("/a b ; /c ';' \\; d")]
    assert texts == [["/a", "b"], ["/c", ";", ";", "d"]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("$A", ["1", "2 3"]),
        ("x${A}", ["x1 '2 3'"]),
        ("x$A", ["x$A"]),
        ("$NONE", []),
        ("${NONE}", [""]),
        ("$$A", ["$A"]),
        ("$LATE", ["$LATE"]),
    ],
)
def test_variables_are_filled_in(text: str, words: list[str]) -> None:
    values: dict[str, str | None] = {"A": "1 '2 3'", "LATE": None}
    found = unit_file.substituted(unit_file.Word(text), lambda name: values.get(name, ""))
    assert list(found) == words


def test_environment_files() -> None:
    text = '# c\nA=1\nB=\'x y\'\nC="a \\"b\\""\nD=one\\\ntwo\nexport E=2\nrubbish\n9=x\n'
    assert unit_file.environment(text) == {"A": "1", "B": "x y", "C": 'a "b"', "D": "one two", "E": "2"}


@given(st.text(alphabet="[]=#;\\\n '\"$%{}ab-@x0", max_size=200))
def test_any_text_is_read_without_error(text: str) -> None:
    for setting in unit_file.parse(text).settings:
        for line in unit_file.commands(setting.value):
            assert line.words
    unit_file.environment(text)
    unit_file.split(text)


@given(st.text(alphabet=":{}=+- \n\tservicedefaultx123#/", max_size=200))
def test_any_table_is_read_without_error(text: str) -> None:
    inittab.parse(text)
    services.parse(text)
    xinetd.parse(text)
