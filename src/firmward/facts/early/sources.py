"""Where a value comes from: the initramfs itself, the kernel's command line, or a medium that anybody may have changed.

A value that only the device knows keeps its source in its text: `$(cat /proc/cmdline)` for what is read from that file,
by whatever program, `$(digest)` for a digest that is computed, `$(fw_printenv)` for a variable of the boot loader's.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from posixpath import normpath

from firmward.facts.early.records import Anchor, EarlyMount
from firmward.facts.scripts.environment import Environment, Value
from firmward.facts.scripts.expansion import Expansion
from firmward.formats.shell import (
    AndOr,
    Case,
    Command,
    For,
    Function,
    Group,
    If,
    Loop,
    Pipeline,
    Simple,
    Subshell,
    Substitution,
    parse,
)
from firmward.model.tree import Tree

COMMAND_LINE = "/proc/cmdline"
FROM_COMMAND_LINE = f"$(cat {COMMAND_LINE})"
DIGEST = "$(digest)"
FROM_LOADER = "$(fw_printenv)"

READERS = frozenset(
    ("cat", "head", "tail", "sed", "awk", "gawk", "mawk", "grep", "egrep", "cut", "tr", "xargs", "dd", "hexdump", "xxd")
)
DIGESTS = frozenset(("sha1sum", "sha224sum", "sha256sum", "sha384sum", "sha512sum", "sha3sum", "md5sum", "b2sum"))
ASKERS = frozenset(("getarg", "getargs", "getargbool", "getargnum"))
"""dracut's functions that look a word up on the command line."""
_PSEUDO = """
proc sysfs devtmpfs devpts tmpfs ramfs securityfs debugfs tracefs configfs cgroup cgroup2 efivarfs bpf pstore mqueue
hugetlbfs selinuxfs binfmt_misc rootfs autofs
"""
PSEUDO = frozenset(_PSEUDO.split())
NESTED = 200
"""Commands of a function that are looked through for where its output comes from."""

_HASH = re.compile(r"[0-9a-fA-F]{40,128}")
_READ = re.compile(r"\$\((?:cat|dd) (/[^\s()]+)\)")
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)")
_PARSED = re.compile(r"\$\{?(?:bootparam|KOPT)_(\w+)", re.ASCII)
"""Variables that Yocto's and Alpine's scripts fill from words of the command line."""


class EarlyExpansion(Expansion):
    """Expands words, and keeps of what is not known where it comes from."""

    def __init__(self, tree: Tree) -> None:
        super().__init__(tree, lambda words: None)
        self._parsed: dict[str, tuple[Command, ...]] = {}

    def _substitution(self, script: str, environment: Environment) -> Value:
        commands = self._commands(script)
        printed = self._printed(commands[0], environment) if len(commands) == 1 else None
        if printed is not None and printed.certain:
            return printed
        source = self._source(script, environment)
        if source is not None:
            return Value(source, certain=False)
        return super()._substitution(script, environment) if printed is None else printed

    def _commands(self, script: str) -> tuple[Command, ...]:
        """The commands of a substitution, which is expanded on many ways and parsed once; arithmetic has none."""
        if script.startswith("("):
            return ()
        known = self._parsed.get(script)
        if known is None:
            known = self._parsed[script] = parse(script).commands
        return known

    def _source(self, script: str, environment: Environment) -> str | None:
        if COMMAND_LINE in script:
            return FROM_COMMAND_LINE
        for command in _simple(self._commands(script)):
            words = [field.text for word in command.words for field in self.fields(word, environment)]
            redirected = [one.target for one in command.redirects if one.operator == "<"]
            files = [self.text(target, environment).text for target in redirected]
            found = _of_command(words, files, environment)
            if found is not None:
                return found
        return None


def _of_command(words: Sequence[str], files: Sequence[str], environment: Environment) -> str | None:
    name = words[0].rpartition("/")[2] if words else ""
    if name in DIGESTS or (name == "openssl" and words[1:2] in (["dgst"], ["sha256"], ["sha512"])):
        return DIGEST
    if name == "fw_printenv":
        return FROM_LOADER
    if name in ASKERS:
        return FROM_COMMAND_LINE
    known = next((word for word in words[1:] if _is_source(word)), None)
    if known is not None:
        return known
    if name in environment.functions and COMMAND_LINE in "".join(_texts(environment.functions[name].body)):
        return FROM_COMMAND_LINE
    paths = [*files, *(word.removeprefix("if=") for word in words[1:])] if name in READERS or not words else files
    path = next((path for path in reversed(paths) if path.startswith("/")), None)
    return None if path is None or set(path) & set("() ") else f"$(cat {path})"


def _is_source(text: str) -> bool:
    return text in (FROM_COMMAND_LINE, DIGEST, FROM_LOADER) or _READ.fullmatch(text) is not None


def read_from(path: str) -> Value:
    """What `read NAME < path` gives."""
    return Value(f"$(cat {path})" if path.startswith("/") else "$read", certain=False)


def inner(command: Command) -> Iterator[Command]:
    """The commands right within a command."""
    match command:
        case Group(body) | Subshell(body) | Function(_, body) | For(_, _, body) | Pipeline(body):
            yield from body
        case AndOr(left, _, right):
            yield from (left, right)
        case If(branches, otherwise):
            yield from (one for condition, body in branches for one in (*condition, *body))
            yield from otherwise
        case Loop(condition, body):
            yield from (*condition, *body)
        case Case(_, arms):
            yield from (one for arm in arms for one in arm.body)


def _simple(commands: Iterable[Command]) -> Iterator[Simple]:
    """The plain commands in these, the first `NESTED`, in no order that counts."""
    pending = list(commands)[::-1]
    for _ in range(NESTED):
        if not pending:
            return
        command = pending.pop()
        if isinstance(command, Simple):
            yield command
        pending += list(inner(command))[::-1]


def _texts(commands: Iterable[Command]) -> Iterator[str]:
    """All that the words of commands say, substitutions as they are written."""
    for command in _simple(commands):
        words = (
            *command.words,
            *(one.value for one in command.assignments),
            *(one.target for one in command.redirects),
        )
        for word in words:
            for part in word.parts:
                yield part.script if isinstance(part, Substitution) else getattr(part, "text", "")
                yield " "


# what a value is worth


def is_pseudo(mount: EarlyMount) -> bool:
    """Whether it brings nothing from a medium."""
    return mount.type in PSEUDO


def in_full(text: str) -> str:
    """A path without detours, where it is a whole one."""
    return normpath(text) if text.startswith("/") else text


def is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def holder(path: str, mounts: Sequence[EarlyMount]) -> EarlyMount | None:
    """The mount that a path lies on, the innermost."""
    found = [mount for mount in mounts if is_below(path, mount.target)]
    return max(found, key=lambda mount: len(mount.target), default=None)


def anchor_of_path(path: str, tree: Tree, mounts: Sequence[EarlyMount]) -> Anchor:
    """Where a file lies."""
    if path == COMMAND_LINE:
        return Anchor.COMMAND_LINE
    on = holder(path, mounts)
    if on is not None:
        return Anchor.UNKNOWN if is_pseudo(on) else Anchor.MEDIUM
    if path.startswith("/dev/"):
        return Anchor.MEDIUM
    return Anchor.INITRAMFS if "$" not in path and tree.is_file(path) else Anchor.UNKNOWN


def anchor_of(value: Value, tree: Tree, mounts: Sequence[EarlyMount]) -> Anchor:
    """Where a value stands."""
    if FROM_COMMAND_LINE in value.text:
        return Anchor.COMMAND_LINE
    if FROM_LOADER in value.text:
        return Anchor.MEDIUM
    read = _READ.search(value.text)
    if read is not None:
        return anchor_of_path(read[1], tree, mounts)
    if value.certain or _HASH.fullmatch(value.text):
        return Anchor.INITRAMFS
    parsed = _PARSED.search(value.text)
    return Anchor.UNKNOWN if parsed is None else Anchor.COMMAND_LINE


def parsed_word(text: str) -> str | None:
    """The word of the command line that a variable stands for by its name alone."""
    found = _PARSED.match(text)
    return None if found is None else found[1]
