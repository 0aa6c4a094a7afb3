"""The programs that open a shell or go on to another root, on one way through a script.

Sources: switch_root(8), run-init(8) of klibc, pivot_root(8), sulogin(8), BusyBox' own help.
"""

import fnmatch
import re
from collections.abc import Sequence

from firmward.facts.early import labels
from firmward.facts.early.command import Command, on, proved
from firmward.facts.early.mounts import ROWS as MOUNTS
from firmward.facts.early.mounts import below
from firmward.facts.early.records import EarlyMount, Given, Verdict
from firmward.facts.early.shell_commands import ROWS as SHELL_COMMANDS
from firmward.facts.early.shell_commands import UNKNOWN
from firmward.facts.early.sources import ASKERS, COMMAND_LINE, FROM_COMMAND_LINE, in_full, is_pseudo
from firmward.facts.early.state import Ends, Leave, Proof, State, merged_ends
from firmward.facts.early.tools import KNOWN, QUESTIONABLE
from firmward.facts.early.verifiers import ROWS as VERIFIERS
from firmward.facts.early.ways import Ways
from firmward.facts.process import is_multi_call
from firmward.facts.scripts.environment import Definition, Value
from firmward.facts.scripts.flow import Call
from firmward.facts.scripts.launchers import SHELLS, options, shell_call, unwrap
from firmward.formats.shell import Simple

DRACUT = "dracut-lib.sh"
NOT_KNOWN = "what is mounted there is not known"
FITTING = 20
"""Functions that a name which only the device knows may mean."""
TERMINALS = ("/dev/console", "/dev/tty", "/dev/pts", "/dev/$")


def dispatch(ways: Ways, state: State, call: Call) -> Ends:
    """Run a plain command."""
    name = call.text(0)
    if name in ASKERS:
        return [(Leave.GO, state.ended(None, labels.of_asker(call)))]
    definition = state.environment.functions.get(name)
    if definition is not None and name == "emergency_shell" and definition.path.endswith(DRACUT):
        return _dracut_shell(ways, state, definition)
    if definition is not None:
        return ways.call(state, name, call.words[1:])
    command = SHELL_COMMANDS.get(name)
    if command is not None and (name != "command" or call.text(1) in ("-v", "-V")):
        return command(ways, state, call)
    if name == "exec":
        return _exec(ways, state, call)
    if _is_prefix(call):
        return _again(ways, state, call, call.texts[1:])
    return _program(ways, state, call)


def _dracut_shell(ways: Ways, state: State, definition: Definition) -> Ends:
    """dracut's way out, which its scripts take wherever something fails: it opens unless the command line forbids it,
    and with `rd.break` all the same."""
    line = next((one.line for one in definition.body if isinstance(one, Simple)), 1)
    with ways.standing_in(definition.path):
        for given in (Given("", "rd.shell", "0", holds=False), Given("", "rd.break")):
            way = state.copy()
            way.given(given)
            ways.way_out(way, "emergency_shell", line)
    return on(state, None)


def _is_prefix(call: Call) -> bool:
    """`$PREFIX mount ...`, where nothing says what the prefix is, and it may be empty."""
    return call.text(0).startswith("$") and not call.words[0].certain and call.text(1) in ROWS.keys() | KNOWN


def _again(ways: Ways, state: State, call: Call, texts: Sequence[str]) -> Ends:
    """The command that stands behind another one."""
    if ways.is_deep:
        return ways.deep(state)
    words = {word.text: word for word in call.words}
    inner = tuple(words.get(text, Value(text, "$" not in text)) for text in texts)
    if not inner:
        return on(state, None)
    line = Simple(call.line, words=call.command.words, redirects=call.command.redirects)
    name = inner[0].text
    if name in SHELL_COMMANDS and name not in ("test", "[", "echo", "printf", "true", "false"):
        return on(state, None)
    return dispatch(ways, state, Call(inner, call.line, line))


def _exec(ways: Ways, state: State, call: Call) -> Ends:
    """Nothing comes behind it; without a program it only redirects."""
    _, texts = options(call.texts[1:], "-a")
    if not texts:
        return on(state)
    name = texts[0].rpartition("/")[2]
    if name == "chroot":
        return _root_changed(ways, state, call, texts)
    entry = ways.program(texts[0])
    is_shell_script = entry is not None and ways.is_script(entry)
    before = len(ways.handovers), len(ways.ways_out), len(ways.stays)
    ends = _again(ways, state, call, texts)
    told = (len(ways.handovers), len(ways.ways_out), len(ways.stays)) != before
    if not told and not is_shell_script and ends and unwrap(texts) is None and name not in SHELLS:
        _stay(ways, state, call, texts)
    return [(Leave.EXIT, one) for _, one in ends]


def _stay(ways: Ways, state: State, call: Call, texts: Sequence[str]) -> None:
    """The program that the first process becomes."""
    names = [texts[0]]
    if "$" in texts[0] and len(call.command.words) > 1:
        names = [text.split()[0] for text in ways.known_texts(call.command.words[1], state) if text.split()]
    for name in names or [texts[0]]:
        ways.stays.setdefault(name, ways.at(call.line))


def _program(ways: Ways, state: State, call: Call) -> Ends:
    name = call.text(0).rpartition("/")[2]
    if is_multi_call(name) and len(call.words) > 1 and call.text(1) != "init":
        return _again(ways, state, call, call.texts[1:])
    row = ROWS.get(name)
    if row is not None:
        return row(ways, state, call)
    if name in SHELLS:
        return _shell(ways, state, call)
    launch = unwrap(call.texts)
    if launch is not None and name != "chroot":
        if launch.script is not None:
            return _text(ways, state, launch.script, call.line)
        return _again(ways, state, call, launch.argv)
    return _other(ways, state, call)


def _text(ways: Ways, state: State, script: str, line: int) -> Ends:
    """`sh -c text`, in a shell of its own."""
    outer = state.environment
    state.environment = outer.child(outer.script, ())
    stops, state.stops = state.stops, False
    ends = ways.text(state, script, line)
    for _, one in ends:
        status = one.status
        one.environment, one.stops, one.levels = outer.copy(), stops, 0
        one.ended(status, one.label)
    return [(Leave.GO, one) for _, one in ends]


def _named_later(ways: Ways, state: State, call: Call) -> Ends:
    """`${module}_run`: each function whose name fits is a way. That anything else is called so is told."""
    pattern = UNKNOWN.sub("*", call.text(0))
    fitting = fnmatch.filter(sorted(state.environment.functions), pattern) if pattern.strip("*") else []
    if not fitting:
        ways.miss(f"which program {call.text(0)} is in line {call.line} is known at run time only")
        return on(state, None)
    if len(fitting) > FITTING:
        ways.cut(f"more than {FITTING} functions that {call.text(0)} may be in line {call.line}")
    ends: Ends = []
    for name in fitting[:FITTING]:
        ends += ways.call(state.copy(), name, call.words[1:])
    return merged_ends(ends)


def _other(ways: Ways, state: State, call: Call) -> Ends:
    """A script is followed. What any other program does is known by its name, or not."""
    if "$" in call.text(0) and not call.words[0].certain:
        return _named_later(ways, state, call)
    name = call.text(0).rpartition("/")[2]
    entry = ways.program(call.text(0))
    if entry is not None and ways.is_script(entry):
        return ways.script(state, entry, call.words[1:])
    is_own = entry is not None and not is_multi_call(entry.name) and name not in KNOWN
    if QUESTIONABLE.search(name) and name not in KNOWN:
        return proved(state, call, Proof("unclear", name))
    if is_own:
        state.proofs |= {Proof("unclear", name)}
    return on(state, None)


# on to another root


def _switch_root(ways: Ways, state: State, call: Call) -> Ends:
    name = call.text(0).rpartition("/")[2]
    found, operands = options(call.texts[1:], "-c -d")
    if "-n" in found or not operands:
        return on(state, None)
    if name == "pivot_root" or len(operands) > 1 or found:
        _judge(ways, state, call, operands[0])
    return []


def _root_changed(ways: Ways, state: State, call: Call, texts: Sequence[str]) -> Ends:
    """`exec chroot folder program`"""
    _, operands = options(texts[1:], "--userspec --groups")
    if operands:
        _judge(ways, state, call, operands[0])
    return []


def _judge(ways: Ways, state: State, call: Call, target: str) -> None:
    folder = state.environment.folder
    path = in_full(folder or "/" if target in (".", "./") else target)
    mounted = next((one for one in reversed(state.mounts) if one.target == path), None)
    if mounted is None and path in state.failed:
        return
    mounted = _lower(state, mounted)
    verdict, why = _verdict(state, mounted)
    ways.hand_over(state, call.line, verdict, why, mounted)


def _lower(state: State, mounted: EarlyMount | None) -> EarlyMount | None:
    """Of an overlay what lies below; of a folder that is mounted again, what it is mounted from."""
    for _ in range(4):
        if mounted is None:
            return None
        folder = below(mounted)
        found = next((one for one in reversed(state.mounts) if one.target == folder and one is not mounted), None)
        if found is None:
            return mounted
        mounted = found
    return mounted


def _verdict(state: State, mounted: EarlyMount | None) -> tuple[Verdict, str]:
    kinds = {proof.kind for proof in state.proofs}
    if "ima" in kinds:
        return Verdict.VERIFIED, "an IMA policy appraises its files"
    if mounted is None:
        return Verdict.UNCLEAR, NOT_KNOWN
    if kinds & {"digest", "signed list"}:
        return Verdict.VERIFIED, "its digests are compared"
    if state.is_proved(mounted):
        return Verdict.VERIFIED, f"{mounted.device} is verified"
    if is_pseudo(mounted):
        return Verdict.UNCLEAR, "it lies in memory, and what is copied there is not known"
    doubt = next((proof for proof in sorted(state.proofs, key=str) if proof.kind in ("unclear", "signature")), None)
    if doubt is not None:
        return Verdict.UNCLEAR, f"what {doubt.name or 'a comparison'} verifies is not known"
    if "verity" in kinds and not mounted.is_certain:
        return Verdict.UNCLEAR, "which device is mounted is known at run time only"
    return Verdict.UNVERIFIED, f"{_named(mounted)} is mounted, and nothing verifies it"


def _named(mounted: EarlyMount) -> str:
    if FROM_COMMAND_LINE in mounted.device:
        return "the device that the kernel's command line names"
    return "a device found at run time" if "$" in mounted.device else mounted.device


# shells, and the end


def _shell(ways: Ways, state: State, call: Call) -> Ends:
    """`sh file`, `sh -c text`; a shell alone is somebody's who sits before it."""
    launch = shell_call(call.texts[1:])
    if launch is not None and launch.script is not None:
        return _text(ways, state, launch.script, call.line)
    if launch is not None:
        entry = ways.program(launch.argv[0]) or ways.tree.resolve(launch.argv[0].strip("/"))
        words = tuple(Value(text, "$" not in text) for text in launch.argv[1:])
        return on(state, None) if entry is None else ways.script(state, entry, words)
    inputs = [ways.said(one.target, state).text for one in call.command.redirects if one.operator in ("<", "<>")]
    is_fed = ways.is_piped or any(not one.startswith(TERMINALS) for one in inputs)
    if not is_fed:
        ways.way_out(state, call.text(0).rpartition("/")[2], call.line)
    return on(state, None)


def _sulogin(ways: Ways, state: State, call: Call) -> Ends:
    """With `-e` it asks for no password where none is set, or where it cannot be read."""
    if any(re.fullmatch(r"--force|-[a-z]*e[a-z]*", text) for text in call.texts[1:]):
        ways.way_out(state, "sulogin -e", call.line)
    return on(state, None)


def _getty(ways: Ways, state: State, call: Call) -> Ends:
    """`getty -n -l /bin/sh`, `telnetd -l /bin/sh`: a shell instead of a login."""
    texts = call.texts
    login = next((texts[place + 1] for place in range(1, len(texts) - 1) if texts[place].endswith("l")), "")
    if login.rpartition("/")[2] in SHELLS:
        ways.way_out(state, f"{call.text(0).rpartition('/')[2]} -l {login}", call.line)
    return on(state, None)


def _terminal(ways: Ways, state: State, call: Call) -> Ends:
    """`cttyhack sh`, `openvt -c 2 sh`: the program behind the options."""
    _, words = options(call.texts[1:], "-c")
    return _again(ways, state, call, words)


def _ends(ways: Ways, state: State, call: Call) -> Ends:
    return []


def _kexec(ways: Ways, state: State, call: Call) -> Ends:
    if "-e" not in call.texts and "--exec" not in call.texts:
        return on(state, None)
    ways.hand_over(state, call.line, Verdict.UNCLEAR, "another kernel is started", None)
    return []


def _grep(ways: Ways, state: State, call: Call) -> Ends:
    """`grep -q word /proc/cmdline`"""
    words = [text for text in call.texts[1:] if not text.startswith("-")]
    asks = COMMAND_LINE in call.texts or FROM_COMMAND_LINE in (ways.input or "")
    return [(Leave.GO, state.ended(None, labels.of_pattern(words[0]) if asks and words else None))]


def _run_parts(ways: Ways, state: State, call: Call) -> Ends:
    folders = [text for text in call.texts[1:] if text.startswith("/")]
    here = [state]
    for path in ways.tree.list(folders[-1].strip("/")) if folders else ():
        entry = ways.tree.resolve(path)
        if entry is not None and ways.is_script(entry):
            here = [end for one in here for _, end in ways.script(one, entry, ())]
    return [(Leave.GO, one) for one in here]


ROWS: dict[str, Command] = {
    **VERIFIERS,
    **MOUNTS,
    **dict.fromkeys(("switch_root", "run-init", "pivot_root"), _switch_root),
    "sulogin": _sulogin,
    **dict.fromkeys(("getty", "agetty", "telnetd"), _getty),
    **dict.fromkeys(("cttyhack", "openvt"), _terminal),
    **dict.fromkeys(("reboot", "halt", "poweroff"), _ends),
    "kexec": _kexec,
    **dict.fromkeys(("grep", "egrep", "fgrep"), _grep),
    "run-parts": _run_parts,
}
