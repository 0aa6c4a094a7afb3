"""The commands of the shell itself, on one way through a script."""

import re
from posixpath import join, normpath

from firmward.facts.early import labels
from firmward.facts.early.command import Command, on
from firmward.facts.early.records import Anchor
from firmward.facts.early.sources import DIGEST, anchor_of, read_from
from firmward.facts.early.state import Ends, Leave, Proof, State, told_apart
from firmward.facts.early.ways import Ways
from firmward.facts.scripts import conditions
from firmward.facts.scripts.environment import Value, joined
from firmward.facts.scripts.flow import Call, Status
from firmward.formats.shell import Assignment
from firmward.model.tree import Entry, Kind

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
UNKNOWN = re.compile(r"\$\([^()]*\)|\$\{[^}]*\}|\$\w+")
"""What stands in a word for what only the device knows."""
SOURCED = 20
"""Files that a name which only the device knows may mean."""


def _status(state: State, call: Call) -> Status:
    word = call.words[1] if len(call.words) > 1 else None
    if word is None:
        return state.status
    return word.text == "0" if word.certain else None


def _exit(ways: Ways, state: State, call: Call) -> Ends:
    return [(Leave.EXIT, state.ended(_status(state, call)))]


def _return(ways: Ways, state: State, call: Call) -> Ends:
    return [(Leave.RETURN, state.ended(_status(state, call)))]


def _break(ways: Ways, state: State, call: Call) -> Ends:
    count = call.text(1, "1")
    state.levels = int(count[:2]) if count.isdecimal() else 1
    return [(Leave.BREAK if call.text(0) == "break" else Leave.CONTINUE, state)]


def _source(ways: Ways, state: State, call: Call) -> Ends:
    """Where the name is not known, each file that it may mean is a way."""
    word = call.command.words[1] if len(call.command.words) > 1 else None
    if word is None or len(call.words) < 2:
        return on(state, None)
    named = call.words[1]
    texts = [named.text] if named.certain else list(ways.known_texts(word, state))
    entries = list(dict.fromkeys(entry for text in texts for entry in _files(ways, state, text)))
    if not entries and "$" in named.text:
        entries = _any(ways, named.text)
    if not entries:
        if "$" in named.text:
            ways.miss(f"which file {named.text} is sourced in line {call.line} is known at run time only")
            state.environment.complete = False
        return on(state, None)
    ends: Ends = []
    for entry in entries[:SOURCED]:
        way = state.copy() if len(entries) > 1 else state
        way.variant = entry.path if len(entries) > 1 else state.variant
        ends += ways.source(way, entry, call.words[2:])
    return ends


def _files(ways: Ways, state: State, text: str) -> list[Entry]:
    path = text.removeprefix("./")
    if not path.startswith("/"):
        path = join(state.environment.folder or "/", path)
    paths = ways.tree.glob(path) if set(path) & set("*?[") else (path.strip("/"),)
    found = [ways.tree.resolve(each) for each in paths]
    return [entry for entry in found if entry is not None and entry.kind is Kind.FILE]


def _any(ways: Ways, text: str) -> list[Entry]:
    """`/scripts/$name`: whichever lies in that folder."""
    folder, _, name = text.rpartition("/")
    if "$" in folder or not folder:
        return []
    found = [ways.tree.resolve(path) for path in ways.tree.glob(f"{folder}/{UNKNOWN.sub('*', name)}")]
    return [entry for entry in found if entry is not None and entry.kind is Kind.FILE]


def _eval(ways: Ways, state: State, call: Call) -> Ends:
    text = joined(call.words[1:])
    if not text.certain and "$" in text.text.split("=")[0]:
        ways.miss(f"what is evaluated in line {call.line} is known at run time only")
        state.environment.complete = False
        return on(state, None)
    return ways.text(state, text.text, call.line)


def _set(ways: Ways, state: State, call: Call) -> Ends:
    words = list(call.words[1:])
    while words and words[0].text[:1] in ("-", "+") and words[0].text != "--":
        word = words.pop(0).text
        if word in ("-o", "+o") and words:
            word = word[0] + ("e" if words.pop(0).text == "errexit" else "")
        if "e" in word:
            state.stops = word[0] == "-"
    if words:
        state.environment.arguments = tuple(words[1:] if words[0].text == "--" else words)
    return on(state)


def _shift(ways: Ways, state: State, call: Call) -> Ends:
    count = call.text(1, "1")
    state.environment.arguments = state.environment.arguments[int(count[:4]) if count.isdecimal() else 1 :]
    return on(state)


def _declare(ways: Ways, state: State, call: Call) -> Ends:
    for word in call.command.words[1:]:
        assignment = Assignment.of(word)
        name = assignment.name if assignment else (word.literal or "")
        if assignment is not None:
            ways.assign(state, name, ways.said(assignment.value, state))
        if call.text(0) == "export" and _NAME.fullmatch(name):
            state.environment.exported.add(name)
    return on(state)


def _unset(ways: Ways, state: State, call: Call) -> Ends:
    for name in call.texts[1:]:
        state.environment.variables.pop(name, None)
    return on(state)


def _read(ways: Ways, state: State, call: Call) -> Ends:
    """`read NAME < file` gives what stands there."""
    files = [ways.said(one.target, state).text for one in call.command.redirects if one.operator == "<"]
    fed = ways.input if ways.is_piped and not files else None
    for name in call.texts[1:]:
        if _NAME.fullmatch(name):
            known = read_from(files[-1]) if files else Value(fed or f"${name}", certain=False)
            ways.assign(state, name, known)
    return on(state, None)


def _test(ways: Ways, state: State, call: Call) -> Ends:
    closing = {"[": "]", "[[": "]]"}.get(call.text(0))
    words = call.words[1:-1] if closing and call.text(-1) == closing else call.words[1:]
    status = conditions.judge(words, ways.tree)
    if status is None and any(DIGEST in word.text for word in words):
        return _compared(ways, state, call, words)
    if status is None:
        status = _of_volume(words, state)
    label = labels.of_test(call, ways.words) if status is None else None
    return [(Leave.GO, state.ended(status, label))]


def _of_volume(words: tuple[Value, ...], state: State) -> Status:
    """`[ -e /dev/mapper/root ]`, behind the command that opens it."""
    texts = [word.text for word in words]
    negated = texts[:1] == ["!"]
    texts = texts[negated:]
    if len(texts) != 2 or texts[0] not in ("-b", "-e", "-r", "-L", "-h") or not texts[1].startswith("/dev/mapper/"):
        return None
    name = texts[1].removeprefix("/dev/mapper/")
    is_open = Proof("verity", name) in state.proofs
    if not is_open and name not in state.failed:
        return None
    return is_open is not negated


def _compared(ways: Ways, state: State, call: Call, words: tuple[Value, ...]) -> Ends:
    """A digest that was computed, held against another."""
    texts = [word.text for word in words]
    if len(texts) != 3 or texts[1] not in (*labels.EQUAL, *labels.UNEQUAL):
        return on(state, None)
    other = next((word for word in words if DIGEST not in word.text and word.text != texts[1]), None)
    anchor = Anchor.UNKNOWN if other is None else anchor_of(other, ways.tree, state.mounts)
    ways.verifies("a digest", call, anchor)
    equal, unequal = told_apart(state.ended(status=None))
    if anchor is not Anchor.MEDIUM:
        kind = "unclear" if anchor is Anchor.UNKNOWN else "digest"
        for one in equal:
            one.proofs |= {Proof(kind)}
    is_equal = texts[1] in labels.EQUAL
    return [
        *((Leave.GO, one.ended(is_equal)) for one in equal),
        *((Leave.GO, one.ended(not is_equal)) for one in unequal),
    ]


def _change_folder(ways: Ways, state: State, call: Call) -> Ends:
    target = call.text(1) or "/"
    here = state.environment.folder or "/"
    state.environment.folder = target if target.startswith("$") else normpath(join(here, target))
    return on(state, None)


def _trap(ways: Ways, state: State, call: Call) -> Ends:
    """What is run when the script ends or is disturbed: the shells in it are ways out."""
    if call.text(1) not in ("", "-") and set(call.texts[2:]) & {"0", "EXIT", "ERR", "INT"}:
        with ways.aside():
            ways.text(state.copy(), call.text(1), call.line)
    return on(state)


def _constant(status: Status) -> Command:
    return lambda ways, state, call: on(state, status)


def _echo(ways: Ways, state: State, call: Call) -> Ends:
    """`echo b > /proc/sysrq-trigger` starts the device anew; a policy may be written to the kernel so as well."""
    targets = [ways.said(one.target, state).text for one in call.command.redirects if one.operator in (">", ">>")]
    if "/proc/sysrq-trigger" in targets and call.text(-1)[:1] in ("b", "c", "o"):
        return []
    for target in targets:
        if target.endswith("/ima/policy"):
            load_policy(ways, state, call, call.text(-1))
    return on(state)


def load_policy(ways: Ways, state: State, call: Call, path: str) -> None:
    """An IMA policy that is given to the kernel: nobody who changes the medium can have that fail."""
    on_medium = anchor_of(Value(f"$(cat {path})", certain=False), ways.tree, state.mounts)
    ways.verifies("an IMA policy", call, on_medium)
    if on_medium is Anchor.INITRAMFS:
        state.proofs |= {Proof("ima" if _appraises(ways, path) else "unclear", "" if _appraises(ways, path) else path)}
    elif on_medium is Anchor.UNKNOWN:
        state.proofs |= {Proof("unclear", path)}


def _appraises(ways: Ways, path: str) -> bool:
    text = ways.tree.text(path, 1 << 18) or ""
    return any(line.split()[:1] == ["appraise"] for line in text.splitlines())


def _command(ways: Ways, state: State, call: Call) -> Ends:
    """`command -v name`: whether it is there; a shell may have it built in."""
    name = call.text(2)
    is_there = name in state.environment.functions or name in ROWS or ways.program(name) is not None
    return on(state, True if is_there else None)


ROWS: dict[str, Command] = {
    ".": _source,
    "source": _source,
    "eval": _eval,
    "cd": _change_folder,
    "exit": _exit,
    "return": _return,
    "break": _break,
    "continue": _break,
    "set": _set,
    "shift": _shift,
    "export": _declare,
    "local": _declare,
    "readonly": _declare,
    "declare": _declare,
    "typeset": _declare,
    "unset": _unset,
    "read": _read,
    "command": _command,
    "[": _test,
    "[[": _test,
    "test": _test,
    "true": _constant(status=True),
    ":": _constant(status=True),
    "false": _constant(status=False),
    "echo": _echo,
    "printf": _echo,
    "trap": _trap,
    **dict.fromkeys(("umask", "ulimit", "wait", "alias", "unalias", "getopts", "hash", "type"), _constant(status=None)),
}
