"""The line of a script or of inittab that starts a program, written anew so that it starts it confined.

It is done only where the line is plain: the program stands once where a command begins, or behind the option of
start-stop-daemon that names it. The rest of the line stays as it is. setpriv of util-linux takes rights away before the
program runs; `ulimit -v` is the shell's own.
"""

import re
from dataclasses import dataclass

from firmward.checks.service.confining.declared import PLAIN_NAME
from firmward.facts import sandbox
from firmward.facts.services import Manager, Service
from firmward.model.remedy import ReplaceLine

WORD = r"""(?:"[^"`\\]*"|'[^']*'|[^\s;&|<>()"'`\\#])+"""
COMMAND = re.compile(
    rf"(?P<before>^\s*|(?:&&|\|\||;|&|\(|\{{|\bthen|\bdo|\belse|\bexec|\bnohup|\bstart\)|\*\))\s+)"
    rf"(?P<program>{WORD})(?=[\s;&|<>]|$)"
)
INITTAB = re.compile(r"(?P<before>^[^:#]*:[^:]*:[a-z]+:\s*)(?P<program>/[^\s;&|<>()\"'`$\\]+)(?=\s|$)")
DAEMON = re.compile(r"(?:^|[\s;&|({])(?:\S*/)?start-stop-daemon\s")
NAMED = re.compile(rf"(?P<option>(?<=\s)(?:-x|--exec)(?:\s+|=))(?P<program>{WORD})(?=\s|$)")
STARTAS = re.compile(r"(?<=\s)(?:-a|--startas)\b")
END = re.compile(r"\s--(?=\s|$)")
OPERATOR = re.compile(r"\s*(?:[0-9]?[<>]|&|\||;|\))")
WORST = ("sys_admin", "sys_module", "sys_rawio", "sys_ptrace", "sys_boot", "sys_time", "syslog", "mac_admin",
         "mac_override", "linux_immutable")  # fmt: skip
PROCESS_LIMIT = 127
"""Characters of a process that the inittab of sysvinit takes."""


@dataclass(frozen=True, slots=True)
class Confined:
    """What the line is to do: run the program as `user` with its `group`, which None leaves, without the rights that
    `setpriv` takes away, and with an address space of `memory` KiB at the most; `ports` below 1024 can be opened."""

    setpriv: str | None = None
    user: str | None = None
    group: str = ""
    ports: bool = False
    memory: int | None = None


def rewritten(service: Service, wanted: Confined) -> ReplaceLine | None:
    """The change of the line; None where it is not plain enough."""
    if service.at.path is None or not service.command or (wanted.user and not PLAIN_NAME.fullmatch(wanted.user)):
        return None
    inittab = service.manager is Manager.INITTAB and service.at.path == "etc/inittab"
    way = _in_inittab if inittab else _in_script
    found = [(number, line, changed) for number, line in service.command if (changed := way(service, line, wanted))]
    if len(found) != 1:
        return None
    number, line, instead = found[0]
    if wanted.memory is not None:
        limited = None if inittab or len(service.command) > 1 else _limited(instead, wanted.memory)
        if limited is None:
            return None
        instead = limited
    return ReplaceLine(service.at.path, number, line, instead)


def _in_inittab(service: Service, line: str, wanted: Confined) -> str | None:
    match = INITTAB.match(line)
    if match is None or wanted.setpriv is None or match["program"] != service.argv[0]:
        return None
    process = f"{_prefix(service, wanted)} {line[match.start('program') :]}"
    return f"{match['before']}{process}" if len(process) <= PROCESS_LIMIT else None


def _in_script(service: Service, line: str, wanted: Confined) -> str | None:
    if "#" in re.sub(r"\$#|\$\{[^}]*\}", "", line) or "`" in line or "$(" in line:
        return None
    if wanted.setpriv is None:
        return line if wanted.memory is not None else None
    launched = NAMED.search(line)
    if launched is not None and (DAEMON.search(line) or len(service.command) > 1):
        return _by_daemon(service, line, launched, wanted)
    own = [match for match in COMMAND.finditer(line) if _means(match["program"], service)]
    if len(own) != 1 or line.endswith("\\"):
        return None
    place = own[0].start("program")
    return f"{line[:place]}{_prefix(service, wanted)} {line[place:]}"


def _by_daemon(service: Service, line: str, launched: "re.Match[str]", wanted: Confined) -> str | None:
    """`-x` still names the program, by which it is found again; `-a` is what is started."""
    program = launched["program"]
    if STARTAS.search(line) or line.endswith("\\") or not _means(program, service):
        return None
    head, rest = line[: launched.end()], line[launched.end() :]
    own = f"{_arguments(service, wanted)} {program}"
    head = f"{head} -a {wanted.setpriv}"
    end = END.search(rest)
    if end is not None:
        return f"{head}{rest[: end.end()]} {own}{rest[end.end() :]}"
    operator = OPERATOR.search(rest)
    place = operator.start() if operator is not None else len(rest)
    return f"{head}{rest[:place]} -- {own}{rest[place:]}"


def _means(word: str, service: Service) -> bool:
    """Whether a word of the line is the program: by its text, or by a variable that holds it."""
    plain = word.strip("\"'")
    return bool(service.argv) and (plain == service.argv[0] or bool(re.fullmatch(r"\$\{?[A-Za-z_]\w*\}?", plain)))


def _prefix(service: Service, wanted: Confined) -> str:
    return f"{wanted.setpriv} {_arguments(service, wanted)}"


def _arguments(service: Service, wanted: Confined) -> str:
    row = sandbox.rows().get(service.program)
    if wanted.user is not None:
        kept = "".join(f",+{name.lower()}" for name in sandbox.held(row, wanted.ports))
        words = [f"--reuid={wanted.user}", f"--regid={wanted.group or wanted.user}", "--init-groups", "--no-new-privs"]
        # without ambient ones, who is not root has no capability anyway
        words += [f"--inh-caps=-all{kept}", f"--ambient-caps=-all{kept}"] if kept else []
        return " ".join((*words, f"--bounding-set=-all{kept}"))
    if row is not None and row.capabilities:
        names = "".join(f",+{name.lower()}" for name in row.capabilities)
        return f"--no-new-privs --bounding-set=-all{names}"
    return "--no-new-privs --bounding-set=" + ",".join(f"-{name}" for name in WORST)


def _limited(line: str, memory: int) -> str | None:
    """The whole line in a shell of its own, so that the limit holds for nothing else."""
    text = line.strip()
    if re.search(r"(?:^|[\s;])(?:if|then|else|elif|fi|do|done|case|esac|for|while|local|export|return|exit|cd)\b|;;|"
                 r"[{}]\s*$|^\S*\)|^\w+=", text) or "<<" in text:  # fmt: skip
        return None
    indent = line[: len(line) - len(line.lstrip())]
    return f"{indent}(ulimit -v {memory}; {text})"
