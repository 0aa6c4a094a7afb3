"""The commands of the shell itself that change what a script knows or where it goes on."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from firmward.facts.scripts import assignments, cgroups, conditions, confinement
from firmward.facts.scripts.environment import Environment, Value, joined
from firmward.facts.scripts.flow import Break, Call, Continue, Exit, Return, Status
from firmward.facts.scripts.quiet import SHELL_COMMANDS
from firmward.formats.shell import Assignment
from firmward.model.tree import Kind

if TYPE_CHECKING:
    from firmward.facts.scripts.walk import Walk

Builtin = Callable[["Walk", Environment, Call], Status]

PARAMETERS = "/proc/sys/"
WRITTEN = (PARAMETERS, "/sys/fs/cgroup/", "/cgroup/", "/dev/cgroup/")
"""Where what a script prints changes what it starts, or the kernel."""

EVALUATED = {
    "$(fstype": ("FSTYPE", "FSSIZE"),
    "$(dircolors": ("LS_COLORS",),
    "$(resize": ("COLUMNS", "LINES"),
    "$(ssh-agent": ("SSH_AUTH_SOCK", "SSH_AGENT_PID"),
}
"""Programs that print assignments for `eval`, and of which variables: klibc's fstype(8), dircolors(1), resize(1)."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_PROGRAM = re.compile(r"[A-Za-z0-9_./-]+", re.ASCII)
_KEYWORDS = frozenset(
    ("case", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "then", "until", "while")
)


def _leave(kind: type[Exit] | type[Return]) -> Builtin:
    def leave(walk: "Walk", environment: Environment, call: Call) -> Status:
        known = len(call.words) > 1 and call.words[1].certain
        raise kind(call.text(1) == "0" if known else None)

    return leave


def _break(walk: "Walk", environment: Environment, call: Call) -> Status:
    raise Break


def _continue(walk: "Walk", environment: Environment, call: Call) -> Status:
    raise Continue


def _source(walk: "Walk", environment: Environment, call: Call) -> Status:
    return walk.source(environment, call) if len(call.words) > 1 else None


def _eval(walk: "Walk", environment: Environment, call: Call) -> Status:
    printed = assignments.printed(call.command.words[1:], lambda word: walk.said(environment, word).text)
    if printed is not None:
        for name, key in printed.items():
            if not assignments.is_unset(walk.tree, key):
                environment.set(name, Value("$" + name, certain=False))
        return None
    if call.text(1) == "set" and call.text(-1).startswith("$(getopt "):
        # getopt gives back the arguments in order: options, `--`, the rest
        if not any(word.text.startswith("-") for word in environment.arguments):
            environment.arguments = (Value("--"), *environment.arguments)
        return None
    told = EVALUATED.get(call.text(1).partition(" ")[0])
    if told is not None:
        for name in told:
            environment.set(name, Value("$" + name, certain=False))
        return None
    if _names_a_program(call):
        return walk.dispatch(environment, Call(call.words[1:], call.line, call.command))
    text = joined(call.words[1:])
    if not text.certain and ("$" in text.text or not call.words[1].certain):
        walk.miss(f"{walk.at(call.line)}: what is evaluated here is known at run time only")
        environment.complete = False
        return None
    return walk.text(environment, text.text, call.line)


def _names_a_program(call: Call) -> bool:
    """`eval program $words`: the program is known, and words that are not are its arguments.

    A shell's own commands are not taken this way: with `eval export $words` it is the words that count.
    """
    name = call.words[1] if len(call.words) > 2 else Value("", certain=False)
    doubtful = not all(word.certain for word in call.words[2:])
    is_program = _PROGRAM.fullmatch(name.text) is not None and name.text not in SHELL_COMMANDS | _KEYWORDS
    return is_program and name.certain and doubtful


def _change_folder(walk: "Walk", environment: Environment, call: Call) -> Status:
    """`cd folder`; where it leads is known for a whole path to a folder in the image."""
    target = call.words[1] if len(call.words) == 2 else Value("", certain=False)
    entry = walk.tree.resolve(target.text) if target.certain and target.text.startswith("/") else None
    found = entry is not None and entry.kind is Kind.DIRECTORY
    environment.folder = "/" + target.text.strip("/") if found else ""
    return True if found else None


def _set(walk: "Walk", environment: Environment, call: Call) -> Status:
    """`set -- words` and `set words` give new arguments; `set -e` and its like do not."""
    words = list(call.words[1:])
    while words and words[0].text[:1] in ("-", "+") and words[0].text != "--":
        words.pop(0)
    if words:
        environment.arguments = tuple(words[1:] if words[0].text == "--" else words)
    return True


def _shift(walk: "Walk", environment: Environment, call: Call) -> Status:
    count = call.text(1, "1")
    environment.arguments = environment.arguments[int(count) if count.isdecimal() else 1 :]
    return True


def _declare(walk: "Walk", environment: Environment, call: Call) -> Status:
    """`export`, `local`, `readonly`, `declare`: the assignments among the words are not split."""
    for word in call.command.words[1:]:
        assignment = Assignment.of(word)
        name = assignment.name if assignment else (word.literal or "")
        if assignment is not None:
            environment.set(name, walk.value(environment, assignment))
        if call.text(0) == "export" and _NAME.fullmatch(name):
            environment.exported.add(name)
    return True


def _unset(walk: "Walk", environment: Environment, call: Call) -> Status:
    for name in call.texts[1:]:
        environment.variables.pop(name, None)
    return True


def _read(walk: "Walk", environment: Environment, call: Call) -> Status:
    """`read`, `getopts`: what they set is known at run time."""
    for name in call.texts[1:]:
        if _NAME.fullmatch(name):
            environment.set(name, walk.read_value(name))
    return None


def _test(walk: "Walk", environment: Environment, call: Call) -> Status:
    closing = {"[": "]", "[[": "]]"}.get(call.text(0))
    words = call.words[1:-1] if closing and call.text(-1) == closing else call.words[1:]
    return conditions.judge(words, walk.tree)


def _print(walk: "Walk", environment: Environment, call: Call) -> Status:
    """`echo value > /proc/sys/...` is told as the `sysctl -w` that it stands for."""
    target = walk.output(environment, call) or ""
    if not target.startswith(WRITTEN) or "$" in target:
        return True
    value = joined([word for word in call.words[1:] if word.text not in ("-n", "-e", "%s", r"%s\n")]).text
    if target.startswith(PARAMETERS):
        walk.note(("sysctl", "-w", f"{target.removeprefix(PARAMETERS)}={value}"), call.line)
    else:
        cgroups.write(walk, target, value)
    return True


def _always(status: Status) -> Builtin:
    return lambda walk, environment, call: status


def _ulimit(walk: "Walk", environment: Environment, call: Call) -> Status:
    walk.limit(confinement.of_ulimit(call.texts[1:]))
    return True


ROWS: dict[str, Builtin] = {
    ".": _source,
    "source": _source,
    "eval": _eval,
    "cd": _change_folder,
    "exit": _leave(Exit),
    "return": _leave(Return),
    "break": _break,
    "continue": _continue,
    "set": _set,
    "shift": _shift,
    "export": _declare,
    "local": _declare,
    "readonly": _declare,
    "declare": _declare,
    "typeset": _declare,
    "unset": _unset,
    "read": _read,
    "getopts": _read,
    "[": _test,
    "[[": _test,
    "test": _test,
    "true": _always(True),
    ":": _always(True),
    "echo": _print,
    "printf": _print,
    "false": _always(False),
    "ulimit": _ulimit,
}
