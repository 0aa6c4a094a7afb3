import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.formats import shell
from firmward.formats.shell import AndOr, Case, For, Function, Group, If, Loop, Pipeline, Simple, Subshell


def only(text: str) -> shell.Command:
    script = shell.parse(text)
    assert not script.problems
    assert len(script.commands) == 1
    return script.commands[0]


def words(command: shell.Command) -> list[str | None]:
    assert isinstance(command, Simple)
    return [word.literal for word in command.words]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b  c # d", ["a", "b", "c"]),
        ("a 'b c' \"d e\"f", ["a", "b c", "d ef"]),
        ("a \\\n b", ["a", "b"]),
        ("a 'it''s' \\# x#y", ["a", "its", "#", "x#y"]),
        ('a "\\$b \\c"', ["a", "$b \\c"]),
        ("a '' \"\"", ["a", "", ""]),
        ("a 2>/dev/null b >&2 <c", ["a", "b"]),
        ("[ -f /etc/x ]", ["[", "-f", "/etc/x", "]"]),
        ("[[ a == (b|c) && d ]]", ["[[", "a", "==", "(", "b", "|", "c", ")", "&&", "d", "]]"]),
        ("((i = 1 + (2)))", []),
        ("declare -A x=(a b)", ["declare", "-A", "x="]),
    ],
)
def test_words_of_a_simple_command(text: str, expected: list[str]) -> None:
    assert words(only(text)) == expected


def test_assignments_lead_a_command() -> None:
    command = only('A=1 B="x y"$C D= run E=2')
    assert isinstance(command, Simple)
    assert [item.name for item in command.assignments] == ["A", "B", "D"]
    assert words(command) == ["run", "E=2"]


@pytest.mark.parametrize(
    ("text", "name", "operator", "argument"),
    [
        ("$NAME", "NAME", "", None),
        ("${NAME}", "NAME", "", None),
        ("${NAME:-a b}", "NAME", ":-", "a b"),
        ("${NAME##*/}", "NAME", "##", "*/"),
        ("${1:-start}", "1", ":-", "start"),
        ("${#NAME}", "NAME", "length", None),
        ('"${A:-"b}"}"', "A", ":-", "b}"),
        ("$@", "@", "", None),
        ("${#}", "#", "", None),
    ],
)
def test_parameters(text: str, name: str, operator: str, argument: str | None) -> None:
    command = only(text)
    assert isinstance(command, Simple)
    parameter = next(part for part in command.words[0].parts if isinstance(part, shell.Parameter))
    assert (parameter.name, parameter.operator) == (name, operator)
    assert (parameter.argument.literal if parameter.argument else None) == argument


def test_substitutions_keep_their_script() -> None:
    command = only('a "$(b "c)" `d`)" `e`')
    assert isinstance(command, Simple)
    scripts = [part.script for word in command.words for part in word.parts if isinstance(part, shell.Substitution)]
    assert scripts == ['b "c)" `d`', "e"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("a && b || c", AndOr),
        ("a | b |& c", Pipeline),
        ("! a", Pipeline),
        ("a &", Subshell),
        ("(a; b)", Subshell),
        ("{ a; b; } >x 2>&1", Group),
        ("if a; then b; elif c\nthen d; else e; fi", If),
        ("while a; do b; done <x", Loop),
        ("until a\ndo\nb\ndone", Loop),
        ("for i in a b; do c; done", For),
        ("for i\ndo c; done", For),
        ("for ((i=0; i<3; i++)); do c; done", For | Loop),
        ("case $1 in a|b) c;; (d) e ;; *) esac", Case),
        ("f() { a; }", Function),
        ("f ()\n{\na\n}", Function),
        ("function f { a; }", Function),
        ("f() ( a )", Function),
    ],
)
def test_blocks(text: str, kind: type) -> None:
    assert isinstance(only(text), kind)


def test_lines_are_those_of_the_file() -> None:
    text = "a\n\nif b; then\n  c \\\n  d\nfi\ncat <<EOF\nx\ny\nEOF\nlast 'p\nq'\nend\n"
    commands = shell.parse(text).commands
    inner = commands[1]
    assert isinstance(inner, If)
    lines = [
        command.line for command in (commands[0], inner.branches[0][1][0], *commands[2:]) if hasattr(command, "line")
    ]
    assert lines == [1, 4, 7, 11, 13]


def test_here_documents_are_not_commands() -> None:
    script = shell.parse("cat <<-'A' <<B; echo after\n\tone\n\tA\ntwo\nB\nend\n")
    assert [words(command) for command in script.commands] == [["cat"], ["echo", "after"], ["end"]]
    first = script.commands[0]
    assert isinstance(first, Simple)
    assert [redirect.document for redirect in first.redirects] == ["\tone\n", "two\n"]


@pytest.mark.parametrize(
    "text",
    [
        "a 'b",
        'a "b',
        "if a; then b",
        "case x in",
        "a ${b",
        "a $(b",
        "fi",
        "a )",
        "cat <<X\nb\n",
        "a |",
        "f() {",
        ";;",
        "a <",
    ],
)
def test_what_cannot_be_parsed_is_named(text: str) -> None:
    assert shell.parse(text).problems


def test_reading_goes_on_after_a_mistake() -> None:
    script = shell.parse("one\n) two\nthree\n")
    assert [words(command) for command in script.commands] == [["one"], ["three"]]
    assert script.problems == ("line 2: ')' is not expected here",)


def test_depth_is_bounded() -> None:
    for opening in ("(", "{ ", "if ", "f() ", "$(", '"${a:-', "case x in a) ", "! "):
        assert len(shell.parse("x " + opening * 5000).problems) <= shell.PROBLEM_LIMIT
        shell.parse(opening * 5000)


PIECES = """
if then else elif fi for in do done case esac while { } ( ) [[ ]] ; ;; & && | || ! < > << <<- ' " ` $ $( ${ $(( ))
a b= c=$d # \\ = * EOF f()
"""
SCRIPTISH = st.lists(st.sampled_from([*PIECES.split(), " ", "\n", "\t"]), max_size=60)


@given(SCRIPTISH, st.sampled_from(["", " "]))
def test_any_text_is_read_without_error(pieces: list[str], gap: str) -> None:
    shell.parse(gap.join(pieces))


@given(st.text(max_size=200))
def test_any_characters_are_read_without_error(text: str) -> None:
    shell.parse(text)


def test_until_is_told_from_while() -> None:
    loops = shell.parse("while a; do b; done\nuntil a; do b; done\n").commands
    assert [isinstance(loop, Loop) and loop.is_until for loop in loops] == [False, True]
