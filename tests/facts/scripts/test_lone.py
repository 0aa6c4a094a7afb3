"""A line goes out of a script only where the script goes on without it."""

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.facts.scripts import lone
from firmward.model.location import Location
from firmward.model.memory import MemoryTree
from firmward.model.remedy import ReplaceLine

SCRIPT = """\
#!/bin/sh
# telnetd stays off
if [ -f /etc/debug ]; then
	telnetd -l /bin/sh &
fi
start() { telnetd; }
case $1 in
start) telnetd -F ;;
stop)
	killall telnetd
	;;
esac
nc -l \\
	-e /bin/sh
sleep 4 && telnetd
MODE=debug telnetd
MODE=debug
( sleep 4; nc -l -p 99 -e /bin/sh ) &
for port in 23 24; do telnetd -p $port; done
cat <<END
telnetd
END
telnetd; exit 0
. /etc/telnet
$SERVER -F
"""
GOES = {
    "\ttelnetd -l /bin/sh &": "\t:",
    "\tkillall telnetd": "\t:",
    "sleep 4 && telnetd": ":",
    "MODE=debug telnetd": ":",
    "( sleep 4; nc -l -p 99 -e /bin/sh ) &": ":",
    "for port in 23 24; do telnetd -p $port; done": ":",
    "$SERVER -F": ":",
}


@pytest.mark.parametrize("number", range(1, SCRIPT.count("\n") + 2))
def test_lines_go_when_they_are_whole_commands(number: int) -> None:
    line = SCRIPT.split("\n")[number - 1]
    assert lone.Script(SCRIPT).without(number) == GOES.get(line)


LOOPS = {
    "while true; do\n\tnc -l -p 4444 -e /bin/sh\ndone &\nnext": (1, 3, ":"),
    "first\n(\nwhile :\ndo\n  nc -l\n  sleep 1\ndone\n) &\nnext": (3, 7, ":"),
    "if a; then\n  until false; do\n    nc -l # a shell\n  done >/dev/null 2>&1 &\nfi\n": (2, 4, "  :"),
    "while true; do while true; do\n nc -l\ndone; done\n": (1, 3, ":"),
    "start() {\n\twhile sleep 5; do\n\t\tnc -l\n\t\treport\n\tdone\n}\n": (3, 3, "\t\t:"),
    "while true; do nc -l; done &\n": (1, 1, ":"),
    "for port in 1 2; do\n nc -l\ndone\n": (2, 2, " :"),
    "while read port; do\n nc -l\ndone <ports\n": (2, 2, " :"),
    "while true; do\n nc -l\n report\ndone\n": None,
    "while true; do\n nc -l\n x=1\ndone\n": None,
    "while true; do\n nc -l; exit\ndone\n": None,
    "while true; do\n nc -l\ndone | report\n": None,
    "case $1 in\na) while true; do\n nc -l\ndone;;\nesac\n": None,
}


@pytest.mark.parametrize("text", LOOPS)
def test_a_loop_goes_with_the_program_that_it_starts_over_and_over(text: str) -> None:
    number = next(number for number, line in enumerate(text.split("\n"), 1) if "nc -l" in line)
    assert lone.Script(text).without_program(number) == LOOPS[text]


@pytest.mark.parametrize("text", [text for text, goes in LOOPS.items() if goes])
def test_a_shell_takes_what_is_left(text: str) -> None:
    first, last, instead = LOOPS[text] or (0, 0, "")
    lines = text.split("\n")
    lines[first - 1 : last] = [instead]
    subprocess.run(["sh", "-n"], input="\n".join(lines), text=True, check=True, timeout=10)


def test_what_is_sourced_goes_where_that_is_meant() -> None:
    number = SCRIPT.split("\n").index(". /etc/telnet") + 1
    assert lone.Script(SCRIPT).without(number, lone.STEERING - lone.SOURCING) == ":"


def test_the_change_quotes_the_line_and_its_place() -> None:
    tree = MemoryTree({"etc/rc.local": "#!/bin/sh\n  telnetd\n"})
    scripts = lone.Scripts(tree)
    assert scripts.cut(Location("etc/rc.local", 2)) == ReplaceLine("etc/rc.local", 2, "  telnetd", "  :")
    assert scripts.cut(Location("etc/rc.local", 9)) is None
    assert scripts.cut(Location("etc/none", 1)) is None
    assert scripts.cut(Location("etc/rc.local")) is None


LINES = st.sampled_from([
    "telnetd", "telnetd &", "if true; then", "else", "elif false; then", "fi", "while true; do", "done", "do", "then",
    "case $1 in", "start)", ";;", "esac", "x() {", "}", "{", "(", ")", "a && b", "a ||", "b \\", "'", '"',
    "cat <<E", "E",
    "exit 0", "if a; then b; fi", "for i in 1 2; do", ": # x", "a | b", "a |", "  b", "$(c", "`d", "x=1", "x() { a; }",
])  # fmt: skip


@pytest.mark.skipif(shutil.which("dash") is None, reason="dash is not installed")
@given(st.lists(LINES, min_size=1, max_size=7), st.integers(1, 7))
def test_a_script_that_a_shell_takes_is_still_taken(lines: list[str], number: int) -> None:
    text = "\n".join((*lines, ""))
    instead = lone.Script(text).without(number)
    if instead is None or not _is_taken(text):
        return
    without = "\n".join((*lines[: number - 1], instead, *lines[number:], ""))
    assert _is_taken(without), without


def _is_taken(script: str) -> bool:
    done = subprocess.run(["dash", "-n"], input=script, text=True, check=False, capture_output=True, timeout=10)
    return done.returncode == 0
