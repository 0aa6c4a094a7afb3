"""What scripts put upon the programs that they start, as measures.

Rules: ulimit of the shell, softlimit(8), chpst(8), prlimit(1), cgexec(1), setpriv(1), bwrap(1), procd's ujail,
start-stop-daemon(8) and supervise-daemon(8) of OpenRC; procd's `procd_set_param` (limits, no_new_privs, seccomp,
capabilities) and `procd_add_jail`, which give a file system of its own with what is named in it, read-only, and no
/proc and /sys unless asked for; OpenRC's variables `rc_ulimit`, `rc_cgroup_*`, `capabilities` and `no_new_privs`,
openrc-run(8).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from firmward.facts import command_line
from firmward.facts.measure import Measure

M = Measure
Measures = frozenset[Measure]

KINDS = {
    "memory": M.MEMORY,
    "as": M.MEMORY,
    "data": M.MEMORY,
    "rss": M.MEMORY,
    "cpu": M.CPU,
    "nproc": M.TASKS,
    "pids": M.TASKS,
}
"""Limits by the names of getrlimit(2) and of control groups."""

LETTERS = {
    "ulimit": {"v": M.MEMORY, "d": M.MEMORY, "m": M.MEMORY, "t": M.CPU, "u": M.TASKS, "p": M.TASKS},
    "softlimit": {"a": M.MEMORY, "d": M.MEMORY, "m": M.MEMORY, "t": M.CPU, "p": M.TASKS},
    "chpst": {"d": M.MEMORY, "m": M.MEMORY, "t": M.CPU, "p": M.TASKS},
    "prlimit": {"v": M.MEMORY, "d": M.MEMORY, "t": M.CPU, "u": M.TASKS},
}
OPTIONS = {
    "--no-new-privs": M.NO_NEW_PRIVILEGES,
    "--capabilities": M.CAPABILITIES,
    "--bounding-set": M.CAPABILITIES,
    "--seccomp-filter": M.SYSTEM_CALLS,
}
CONFINING = frozenset(("setpriv", "start-stop-daemon", "supervise-daemon"))


def of_launcher(argv: Sequence[str]) -> Measures:
    """What the options of a launcher set, up to the program that it starts."""
    name = argv[0].rpartition("/")[2]
    own = _own_options(argv[1:])
    if name in CONFINING:
        return frozenset(measure for option, measure in OPTIONS.items() if any(_is(word, option) for word in own))
    if name == "bwrap":
        return _of_bwrap(argv[1:])
    if name == "ujail":
        return _of_ujail(argv[1:])
    if name == "cgexec":
        return _named(own)
    letters = LETTERS.get(name, {})
    limited = {letters[word[1]] for word in own if len(word) > 1 and word[1] in letters}
    return frozenset(limited | (_named(own) if name == "prlimit" else set()))


def _of_bwrap(words: Sequence[str]) -> Measures:
    """Nothing is there that is not bound, `/` mostly read-only; new privileges are always forbidden.

    With `--proc` what changes the kernel is covered read-only; /sys is as what it lies on.
    """
    own = list(words[: words.index("--")] if "--" in words else words)
    binds = [own[place : place + 3] for place, word in enumerate(own) if word.startswith(("--bind", "--dev-bind"))]
    found = {M.NO_NEW_PRIVILEGES}
    if any(word.startswith("--unshare-") for word in own) or "--tmpfs" in own:
        found.add(M.NAMESPACES)
    if not any(bind[2:] == ["/"] for bind in binds):
        found.add(M.WRITE_PATHS)
        if "--dev-bind" not in own and not any(bind[2:] in (["/sys"], ["/proc"]) for bind in binds):
            found.add(M.KERNEL)
    if "--cap-drop" in own or "--cap-add" in own:
        found.add(M.CAPABILITIES)
    if {"--seccomp", "--add-seccomp-fd"} & set(own):
        found.add(M.SYSTEM_CALLS)
    return frozenset(found)


def _of_ujail(words: Sequence[str]) -> Measures:
    """OpenWrt's jail by its own command line: what is named in it, the rest not there; /proc/sys is read-only in it."""
    found = {name for name, _ in command_line.read(words, "deSCnhrwUGROTJPt").options}
    measures = {UJAIL[name] for name in found & UJAIL.keys()}
    if found & set("rwopsRJOT"):
        measures |= {M.NAMESPACES, M.WRITE_PATHS}
        measures |= set() if "s" in found else {M.KERNEL}
    return frozenset(measures)


UJAIL = {"c": M.NO_NEW_PRIVILEGES, "C": M.CAPABILITIES, "S": M.SYSTEM_CALLS}


def of_ulimit(words: Sequence[str]) -> Measures:
    """`ulimit -v 65536`; `unlimited` is no limit."""
    if not words or words[-1].startswith(("-", "unlimited")):
        return frozenset()
    found = {LETTERS["ulimit"].get(sign) for word in words if word.startswith("-") for sign in word[1:]}
    return frozenset(measure for measure in found if measure is not None)


def of_procd(parameters: Mapping[str, str]) -> Measures:
    """The measures of one instance, its parameters by name with their values in one text."""
    return frozenset(
        measure for name, rule in PROCD.items() if name in parameters for measure in rule(parameters[name])
    )


def of_openrc(get: Callable[[str], str]) -> Measures:
    """The measures of a service from its variables."""
    found = set(of_ulimit(get("rc_ulimit").split()))
    for name, measure in (("memory", M.MEMORY), ("cpu", M.CPU), ("pids", M.TASKS)):
        if get(f"rc_cgroup_{name}") or f"{name}.max" in get("rc_cgroup_settings"):
            found.add(measure)
    if get("no_new_privs"):
        found.add(M.NO_NEW_PRIVILEGES)
    if get("capabilities"):
        found.add(M.CAPABILITIES)
    arguments = f"{get('supervise_daemon_args')} {get('start_stop_daemon_args')}".split()
    return frozenset(found) | of_launcher(("supervise-daemon", *arguments))


OPENRC_VARIABLES = (
    *("rc_ulimit", "rc_cgroup_memory", "rc_cgroup_cpu", "rc_cgroup_pids", "rc_cgroup_settings", "no_new_privs"),
    *("capabilities", "supervise_daemon_args", "start_stop_daemon_args"),
)


def _own_options(words: Sequence[str]) -> list[str]:
    """Options stand before `--`; the values between them are taken along, they look like no option."""
    end = list(words).index("--") if "--" in words else len(words)
    return [word for word in words[:end] if word.startswith("-") or ":" in word]


def _is(word: str, option: str) -> bool:
    return word.partition("=")[0] == option


def _named(words: Iterable[str]) -> Measures:
    """`--as=1000000`, `memory,cpu:small`"""
    names = {name for word in words for name in word.lstrip("-").replace(":", "=").partition("=")[0].split(",")}
    return frozenset(KINDS[name] for name in names if name in KINDS)


def _limits(text: str) -> Iterator[Measure]:
    for word in text.replace('"', "").split():
        name, _, value = word.partition("=")
        if name in KINDS and not value.startswith("unlimited"):
            yield KINDS[name]


def _jail(text: str) -> Iterator[Measure]:
    yield from (M.NAMESPACES, M.WRITE_PATHS)
    if not {"procfs", "sysfs"} & set(text.split()):
        yield M.KERNEL


PROCD: dict[str, Callable[[str], Iterable[Measure]]] = {
    "limits": _limits,
    "jail": _jail,
    "no_new_privs": lambda text: (M.NO_NEW_PRIVILEGES,) if text == "1" else (),
    "seccomp": lambda text: (M.SYSTEM_CALLS,) if text else (),
    "capabilities": lambda text: (M.CAPABILITIES,) if text else (),
}
