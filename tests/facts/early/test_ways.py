"""Whether every way through a script is seen: the same scripts are run by a real shell, with each command failing or
not."""

import shutil
import subprocess
from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmward.facts.early import ways as module
from firmward.facts.early.programs import dispatch
from firmward.facts.early.records import Verdict
from firmward.facts.early.ways import Ways
from firmward.model.memory import MemoryTree, executable

HASH = "a" * 64
SWITCH = "switch_root /n /sbin/init\n"
STUBS = r"""
bit() { first=${BITS%%[01]}; last=${BITS#"$first"}; BITS=$first; [ "$last" = 1 ]; }
veritysetup() { bit && opened=1; }
mount() { [ "$1" != /dev/mapper/v ] || [ "$opened" = 1 ] || return 1; bit && root=$1; }
switch_root() { echo "root=$root"; exit 0; }
reboot() { exit 0; }
"""
"""Each command takes the last of the bits that are left; without bits it fails."""
BITS = 5

OPEN = f"veritysetup open /dev/a v /dev/b {HASH}"
SIMPLE = st.sampled_from(
    (OPEN, OPEN, "mount /dev/mapper/v /n", "mount /dev/mapper/v /n", "mount /dev/a /n", "reboot", "true", "false", ":")
)


def compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from((" && ", " || ")), inner).map(lambda one: f"{{ {one[0]}{one[1]}{one[2]}; }}"),
        st.tuples(inner, inner, inner).map(lambda one: f"if {one[0]}; then {one[1]}; else {one[2]}; fi"),
        st.tuples(inner, inner).map(lambda one: f"if ! {one[0]}; then {one[1]}; fi"),
        st.tuples(inner, inner).map(lambda one: f"{{ {one[0]}; {one[1]}; }}"),
        st.tuples(inner, inner).map(lambda one: f"{{ {one[0]}; [ $? -eq 0 ] || {one[1]}; }}"),
        st.tuples(inner, inner).map(lambda one: f"{{ {one[0]}; code=$?; if [ $code -ne 0 ]; then {one[1]}; fi; }}"),
        st.tuples(inner, inner).map(lambda one: f"{{ f() {{ {one[0]} || return 1; {one[1]}; }}; f || reboot; }}"),
        inner.map(lambda one: f"{{ sh_() {{ {one}; }}; sh_; }}"),
        inner.map(lambda one: f"for x in 1 2; do {one} && break; done"),
        inner.map(lambda one: f"for x in a; do case $x in a) {one};; *) mount /dev/a /n;; esac; done"),
    )


BODIES = st.lists(st.recursive(SIMPLE, compound, max_leaves=6), min_size=1, max_size=4).map("\n".join)
HEADS = st.sampled_from(("", "set -e\n"))


def followed(script: str, **files: str) -> Ways:
    tree = MemoryTree({"init": executable("#!/bin/sh\n" + script), **files})
    ways = Ways(tree, "image/initramfs", dispatch)
    ways.run("init")
    return ways


def roots(script: str) -> set[str]:
    """What a real shell switches to, whatever fails."""
    return set(_runs(script)) - {""}


def _runs(script: str) -> Iterator[str]:
    for bits in product("01", repeat=BITS):
        command = ["sh", "-c", f"BITS={''.join(bits)}\nroot= opened=\n{STUBS}\n{script}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
        yield next((line[5:] for line in done.stdout.splitlines() if line.startswith("root=")), "")


@pytest.mark.proof
@pytest.mark.skipif(shutil.which("sh") is None, reason="there is no shell")
@settings(max_examples=60, deadline=None)
@given(HEADS, BODIES)
def test_a_root_that_a_shell_gets_to_is_seen(head: str, body: str) -> None:
    found = roots(head + body + "\n" + SWITCH)
    ways = followed(head + body + "\n" + SWITCH)
    verdicts = {one.verdict for one in ways.handovers}
    assert not ways.is_cut
    assert ("/dev/a" in found) <= (Verdict.UNVERIFIED in verdicts), body
    assert ("/dev/mapper/v" in found) <= (Verdict.VERIFIED in verdicts), body


@given(st.text(alphabet="abm{}()|&;$'\"`<>\n \\!#*?[]=-/", max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_text_can_be_followed(text: str) -> None:
    followed(text)


def test_ways_that_double_with_each_command_end() -> None:
    """Each line makes two ways of one: the bounds hold, and it is told that some are missing."""
    lines = [f"veritysetup open /dev/a{n} v{n} /dev/b {HASH}\nmount /dev/a{n} /m{n}" for n in range(40)]
    ways = followed("\n".join(lines) + "\nmount /dev/a /n\n" + SWITCH)
    assert ways.is_cut
    assert any("ways beside each other" in what for what in ways.unread)


@pytest.mark.parametrize(
    "script",
    [
        "f() { f; }\nf\n",
        ". /init\n",
        "/init\n",
        "while :; do mount /dev/a /n; done\n",
        "x=a; for i in 1 2 3 4 5 6 7 8 9; do x=$x$x$x$x; done; eval $x\n",
        "f() { " * 60,
        "sh -c 'sh -c \"sh -c :\"'\n" * 50,
    ],
)
def test_what_runs_in_circles_ends(script: str) -> None:
    followed(script)


def test_the_limit_of_commands_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STEP_LIMIT", 10)
    ways = followed(":\n" * 20 + "mount /dev/a /n\n" + SWITCH)
    assert ways.is_cut
    assert not ways.handovers


@pytest.mark.parametrize(
    ("loop", "is_left"),
    [
        ("while mount /dev/a /n; do :; done", True),
        ("while ! mount /dev/a /n; do sleep 1; done", True),
        ("until mount /dev/a /n; do sleep 1; done", True),
        ("while :; do mount /dev/a /n && break; done", True),
        ("while :; do for x in 1; do mount /dev/a /n && break 2; done; done", True),
        ("while :; do mount /dev/a /n; done", False),
        ("until false; do mount /dev/a /n; done", False),
    ],
)
def test_a_loop_is_left_as_its_condition_says(loop: str, is_left: bool) -> None:
    assert bool(followed(f"{loop}\necho left\nmount /dev/a /n\n{SWITCH}").handovers) is is_left


def test_what_an_inert_function_sets_is_doubted() -> None:
    ways = followed("device=/dev/mapper/v\nnote() { echo $1; device=/dev/a; }\nnote x\nmount $device /n\n" + SWITCH)
    assert [one.mounted is not None and one.mounted.is_certain for one in ways.handovers] == [False]
