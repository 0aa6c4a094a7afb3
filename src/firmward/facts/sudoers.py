"""Who may become root by sudo or doas, and whether a password is asked.

Rules, from sudoers(5) and doas.conf(5):

- sudoers: aliases (User, Runas, Host, Cmnd) may come after their use. `@include` and `@includedir`, also with `#`,
  stand for files; a folder's names with a dot or with a `~` at the end are left out. A specification is users, hosts,
  `=`, then commands, each with an optional (runas) and tags. Runas and tags carry on to the commands after them.
  `Defaults !authenticate` asks nobody for a password. In a list the last word that fits decides, and of all that fits
  a command the last decides.
- doas: `permit` or `deny`, options (`nopass`), an identity (`:group`), `as` a target, `cmd` a command. The last line
  that fits decides.

Hosts are taken to fit: a device's own name is not known when its image is judged.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from firmward.facts.accounts import Account
from firmward.model.location import Location
from firmward.model.tree import Tree

SUDOERS, DOAS = (
    ("etc/sudoers", "usr/local/etc/sudoers", "usr/etc/sudoers"),
    ("etc/doas.conf", "usr/local/etc/doas.conf"),
)
DOAS_FOLDER = "etc/doas.d/*.conf"
DEPTH_LIMIT = 16
FILE_LIMIT = 64
RULE_LIMIT = 500
LINE_LIMIT = 8192
"""Characters of one line; what is longer is told and left out."""
EXPANSION_LIMIT = 100
"""Words that one list of aliases may grow to."""

TAGS = frozenset(
    (
        *("EXEC", "NOEXEC", "FOLLOW", "NOFOLLOW", "INTERCEPT", "NOINTERCEPT", "MAIL", "NOMAIL"),
        *("LOG_INPUT", "NOLOG_INPUT", "LOG_OUTPUT", "NOLOG_OUTPUT", "PASSWD", "NOPASSWD", "SETENV", "NOSETENV"),
    )
)
SHELL = re.compile(r"(/usr)?(/local)?/s?bin/(sh|ash|bash|dash|ksh|zsh|su|busybox|env|\*)")
"""A command without arguments that gives everything."""

_ALIAS = re.compile(r"(User|Runas|Host|Cmnd|Cmd)_Alias\s+(.*)", re.DOTALL)
_DEFAULTS = re.compile(r"Defaults([@:!>]\s*\S+)?\s+(.*)", re.DOTALL)
_INCLUDE = re.compile(r"[@#](include|includedir)\s+(.+)")
_USER = r'(?:[^\s,"]+|"[^"]*")'
_SPEC = re.compile(rf"\s*(?P<users>{_USER}(?:\s*,\s*{_USER})*)\s+(?P<rest>.+)", re.DOTALL)

Read = Callable[[str], str | None]
List = Callable[[str], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One command that some may run. `who` is the list with aliases put in, `!` before those left out.

    A group in `who` has % before it, doas's too. `runas` are the users to become, empty where none is named, which
    counts as root. `command` is `ALL` or a path with its arguments; `allowed` is false for one behind `!`, and for
    doas's deny. `password` says that one is asked. `at` is the line, `tool` sudo or doas. Where a default and
    no word of the rule lets in without one, `silenced` is its place. `text` is what stands at the place that does.
    """

    who: tuple[str, ...]
    runas: tuple[str, ...]
    command: str
    password: bool
    allowed: bool
    at: Location
    tool: str = "sudo"
    text: str = ""
    silenced: Location | None = None

    @property
    def is_everything(self) -> bool:
        """Any command as root, or a shell as root, which is the same."""
        as_root = not self.runas or not {"ALL", "root", "#0"}.isdisjoint(self.runas)
        # forbidding single commands takes nothing away: a copy of the program has another name
        is_shell = self.allowed and SHELL.fullmatch(self.command) is not None
        return as_root and (self.command == "ALL" or is_shell)

    def subject(self, account: Account) -> str | None:
        """The word of the list by which this account is meant; None when it is not."""
        for word in reversed(self.who):
            if _means(word.lstrip("!"), account):
                return None if word.startswith("!") else word
        return None


@dataclass(frozen=True, slots=True)
class Sudoers:
    """The `rules` in their order, sudo's before doas's; of those that fit the last decides.

    `unread` says what of sudo's files was left out, and why.
    """

    rules: tuple[Rule, ...]
    unread: tuple[str, ...] = ()

    def decisive(self, account: Account, tool: str = "sudo") -> tuple[Rule, str] | None:
        """The rule that decides over any command for an account, and the word by which it is meant."""
        for rule in reversed(self.rules):
            subject = rule.subject(account) if rule.is_everything and rule.tool == tool else None
            if subject is not None:
                return rule, subject
        return None


def collect(tree: Tree) -> Sudoers | None:
    sudoers = next((path for path in SUDOERS if tree.is_file(path)), None)
    doas = [path for path in (*DOAS, *tree.glob(DOAS_FOLDER)) if tree.is_file(path)]
    if sudoers is None and not doas:
        return None
    found = Sudoers(()) if sudoers is None else parse(sudoers, tree.text, tree.list)
    rules = tuple(rule for path in doas for rule in parse_doas(tree.text(path) or "", path))
    return Sudoers(tuple(_with_text(rule, tree) for rule in (*found.rules, *rules)), found.unread)


def _with_text(rule: Rule, tree: Tree) -> Rule:
    at = rule.silenced or rule.at
    if rule.password or at.path is None or at.line is None:
        return rule
    lines = (tree.text(at.path) or "").split("\n")
    return replace(rule, text=lines[at.line - 1]) if at.line <= len(lines) else rule


def parse(path: str, read: Read, folder: List) -> Sudoers:
    """The rules of a sudoers file and all that it includes."""
    reader = _Reader(read, folder)
    reader.file(path, 0)
    every = (rule for line in reader.specifications for rule in reader.rules(line))
    rules = tuple(islice(every, RULE_LIMIT))
    if next(every, None) is not None:
        reader.unread.append(f"{path}: more than {RULE_LIMIT} rules")
    return Sudoers(rules, tuple(dict.fromkeys(reader.unread)))


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its `text` with continuations joined, and `at`, where it begins."""

    text: str
    at: Location


@dataclass(slots=True)
class _Reader:
    read: Read
    folder: List
    aliases: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unauthenticated: list[tuple[tuple[str, ...], Location]] = field(default_factory=list)
    specifications: list[Line] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    files: int = 0

    def file(self, path: str, depth: int) -> None:
        self.files += 1
        text = self.read(path) if depth <= DEPTH_LIMIT and self.files <= FILE_LIMIT else None
        if text is None:
            self.unread.append(f"{path} cannot be read")
            return
        for line in _lines(text, path):
            if len(line.text) > LINE_LIMIT:
                self.unread.append(f"{line.at} is longer than {LINE_LIMIT} characters")
            else:
                self._line(line, depth)

    def _line(self, line: Line, depth: int) -> None:
        include = _INCLUDE.match(line.text)
        alias = _ALIAS.match(line.text)
        defaults = _DEFAULTS.match(line.text)
        if include is not None:
            for path in self._included(include[1], include[2].strip().strip('"'), line):
                self.file(path, depth + 1)
        elif line.text.startswith("#") and not re.match(r"#\d", line.text):
            return
        elif alias is not None:
            for definition in _split(alias[2], ":"):
                name, _, words = definition.partition("=")
                self.aliases[name.strip()] = tuple(_split(words, ","))
        elif defaults is not None:
            self._defaults((defaults[1] or "").strip(), defaults[2], line.at)
        else:
            self.specifications.append(line)

    def _included(self, kind: str, target: str, line: Line) -> tuple[str, ...]:
        path = target if target.startswith("/") else f"{(line.at.path or '').rpartition('/')[0]}/{target}"
        if kind == "include":
            return (path.lstrip("/"),)
        names = self.folder(path.lstrip("/"))
        return tuple(name for name in names if not name.endswith("~") and "." not in name.rpartition("/")[2])

    def _defaults(self, scope: str, settings: str, at: Location) -> None:
        if "!authenticate" in [word.replace(" ", "") for word in _split(settings, ",")]:
            if not scope:
                self.unauthenticated.append((("ALL",), at))
            elif scope.startswith(":"):
                self.unauthenticated.append((tuple(_split(scope[1:], ",")), at))

    def rules(self, line: Line) -> Iterator[Rule]:
        found = _SPEC.match(line.text)
        if found is None:
            return
        who = self._expand(_split(found["users"], ","))
        for clause in _split(found["rest"], ":", keep_tags=True):
            _, equals, commands = clause.partition("=")
            if equals:
                yield from self._commands(who, commands, line.at)

    def _commands(self, who: tuple[str, ...], commands: str, at: Location) -> Iterator[Rule]:
        runas: tuple[str, ...] = ()
        password = True
        silent = next((at for users, at in self.unauthenticated if self._covers(self._expand(users), who)), None)
        for item in _split(commands, ","):
            given, command = _runas(item)
            if given is not None:
                runas = self._expand(given)
            tags, command = _tags(command)
            if "PASSWD" in tags or "NOPASSWD" in tags:
                password = "NOPASSWD" not in tags
            for name in self._expand([command]):
                bare = name.lstrip("!").strip()
                allowed = name.count("!") % 2 == 0
                quiet = silent if password else None
                yield Rule(who, runas, bare, password and silent is None, allowed, at, silenced=quiet)

    def _covers(self, users: tuple[str, ...], who: tuple[str, ...]) -> bool:
        return "ALL" in users or set(who) <= set(users)

    def _expand(self, words: Iterable[str], depth: int = 0) -> tuple[str, ...]:
        """Aliases put in; a `!` before an alias turns each of its words."""
        found: list[str] = []
        for word in words:
            bare = word.lstrip("!").strip()
            turned = word.count("!", 0, len(word) - len(word.lstrip("!"))) % 2 == 1
            known = self.aliases.get(bare) if depth < DEPTH_LIMIT else None
            inner = self._expand(known, depth + 1) if known is not None else (bare,)
            found += [_turn(each) if turned else each for each in inner]
            if len(found) > EXPANSION_LIMIT:
                self.unread.append("an alias grows without end")
                return tuple(found[:EXPANSION_LIMIT])
        return tuple(found)


def parse_doas(text: str, path: str) -> Iterator[Rule]:
    """The rules of doas.conf."""
    for line in islice(_lines(text[: LINE_LIMIT * RULE_LIMIT], path), RULE_LIMIT):
        words = re.sub(r"\{[^{}]*\}", "", line.text[:LINE_LIMIT].partition("#")[0]).replace('"', "").split()
        if not words or words[0] not in ("permit", "deny"):
            continue
        options = [word for word in words[1:] if word in ("nopass", "nolog", "persist", "keepenv", "setenv")]
        rest = words[1 + len(options) :]
        if not rest:
            continue
        who = "%" + rest[0][1:] if rest[0].startswith(":") else rest[0]
        target = (rest[rest.index("as") + 1],) if "as" in rest[:-1] else ()
        command = " ".join(rest[rest.index("cmd") + 1 :]) if "cmd" in rest else "ALL"
        yield Rule((who,), target, command, "nopass" not in options, words[0] == "permit", line.at, "doas")


def _lines(text: str, path: str) -> Iterator[Line]:
    """Lines with something on them, joined where they end in a backslash."""
    held, first = "", 0
    for number, line in enumerate(text.split("\n"), 1):
        first = first or number
        if line.rstrip("\r").endswith("\\"):
            held += line.rstrip("\r")[:-1]
            continue
        content = (held + line).strip()
        if content:
            is_comment = content.startswith("#")
            yield Line(content if is_comment else re.sub(r"(?<!\\)\s#(?!\d).*", "", content), Location(path, first))
        held, first = "", 0


def _split(text: str, sign: str, keep_tags: bool = False) -> list[str]:
    """The parts between signs that are not escaped, quoted or in brackets; a tag's colon divides nothing."""
    parts = [""]
    quoted = False
    depth = 0
    escaped = False
    for letter in text:
        if escaped:
            escaped = False
        elif letter == "\\":
            escaped = True
        elif letter == '"':
            quoted = not quoted
        elif letter in "()":
            depth += 1 if letter == "(" else -1
        elif letter == sign and not quoted and depth <= 0 and not (keep_tags and _ends_in_tag(parts[-1])):
            parts.append("")
            continue
        parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def _ends_in_tag(text: str) -> bool:
    return re.search(r"(\w+)\s*$", text) is not None and re.findall(r"(\w+)\s*$", text)[0] in TAGS


def _runas(item: str) -> tuple[list[str] | None, str]:
    found = re.match(r"\s*\(([^)]*)\)\s*(.*)", item, re.DOTALL)
    if found is None:
        return None, item
    return _split(found[1].partition(":")[0], ","), found[2]


def _tags(command: str) -> tuple[set[str], str]:
    tags = set()
    while True:
        found = re.match(r"\s*(\w+)\s*:\s*(.*)", command, re.DOTALL)
        if found is None or found[1] not in TAGS:
            break
        tags.add(found[1])
        command = found[2]
    # options such as ROLE=, TIMEOUT= and CWD= stand before the command too
    return tags, re.sub(
        r"^\s*((ROLE|TYPE|TIMEOUT|CWD|CHROOT|NOTBEFORE|NOTAFTER|PRIVS|LIMITPRIVS)=\S+\s+)+", "", command
    )


def _turn(word: str) -> str:
    return word[1:] if word.startswith("!") else f"!{word}"


def _means(word: str, account: Account) -> bool:
    name = word.strip('"').replace("\\", "")
    if name.startswith("%#"):
        return name[2:] == str(account.gid)
    if name.startswith("%"):
        return name[1:] in account.groups
    if name.startswith("#"):
        return name[1:] == str(account.uid)
    return name in ("ALL", account.name)
