import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.formats.printed import Part, parts


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("cat conf.d/*.conf", [Part(files="conf.d/*.conf")]),
        ("/bin/cat -- a.conf 'b.conf'", [Part(files="a.conf"), Part(files="b.conf")]),
        ("cat a.conf 2>/dev/null || true", [Part(files="a.conf", may_lack=True)]),
        ("[ -f /etc/x ] && cat /etc/x", [Part(files="/etc/x", may_lack=True)]),
        ("cat a; cat b", [Part(files="a", may_lack=True), Part(files="b", may_lack=True)]),
        ('echo "server.port = 81"', [Part("server.port = 81\n")]),
        ("true", []),
    ],
)
def test_what_cat_and_echo_print_is_known(command: str, expected: list[Part]) -> None:
    assert parts(command) == tuple(expected)


@pytest.mark.parametrize(
    "command",
    ["cat $DIR/x", "cat a | sed s/x/y/", "cat `ls`", "cat -n a", "cat < a", "/usr/bin/made", "echo 'a\\nb'", "cat 'a",
     "cat a > b", "cat a &", "cat"],
)  # fmt: skip
def test_of_anything_else_nothing_is_known(command: str) -> None:
    assert parts(command) is None


@given(st.text(alphabet="cat echo;&|<>2/'\"$[]*\\", max_size=60))
def test_any_command_is_answered(command: str) -> None:
    parts(command)
