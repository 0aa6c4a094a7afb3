"""Apache's configuration: its directives in order, as the program reads them.

Rules, from the manual of 2.4, core. `Define NAME VALUE`, and on the command line `-D NAME`, give `${NAME}`, which
stands for the environment's variable otherwise; Debian keeps that in etc/apache2/envvars. `<IfDefine>`, `<IfModule>`
(by `ssl_module` or by `mod_ssl.c`) and `<IfFile>`, each with `!` for the contrary, hold or are left out, includes
among them. Where the modules that no server does without are not loaded, others may be built in too. `<Macro>` is
used by `Use` with arguments, which is not followed. Includes are relative to ServerRoot.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from posixpath import basename

from firmward.facts import command_line
from firmward.facts.configuration_file import ConfigurationFiles, folder_of, inside
from firmward.facts.net_program import is_busybox
from firmward.facts.process import Process
from firmward.model.location import Location
from firmward.model.tree import Tree

FILES = ("etc/apache2/apache2.conf", "etc/httpd/conf/httpd.conf", "etc/apache2/httpd.conf", "etc/apache/httpd.conf",
         "usr/local/apache2/conf/httpd.conf")  # fmt: skip
NAMES = ("apache2", "httpd2")
LETTERS = "fdDCcek"
"""Options of httpd(8) that take a value."""

ENVIRONMENT = "etc/apache2/envvars"
EXPORT = re.compile(r"^\s*(?:export\s+)?(APACHE_\w+)=[\"']?([\w./ -]*)", re.MULTILINE)
WORD = re.compile(r"\"((?:[^\"\\]|\\.)*+)\"|'([^']*)'|(\S+)")
VARIABLE = re.compile(r"\$\{([\w.-]{1,100})\}")
LINE_LIMIT = 50_000
VALUE_LIMIT = 4096
"""Characters of one variable: one that is defined by itself twice over grows no further."""

FILLED_LIMIT = 50
"""Variables filled into one word."""

BUILT_IN = frozenset(("core", "so", "http", "http_core", "unixd", "log_config", "logio", "version", "watchdog"))
"""Modules that need no LoadModule."""


@dataclass(frozen=True, slots=True)
class Line:
    """One directive, its name in lower case, and the sections it stands in, the outermost first.

    `host` is where its virtual host begins, None outside of them.
    """

    words: tuple[str, ...]
    within: tuple[tuple[str, ...], ...]
    at: Location
    host: Location | None = None

    @property
    def name(self) -> str:
        return self.words[0]


def is_apache(tree: Tree, process: Process) -> bool:
    """Whether this is the Apache server, which some distributions call httpd as others do theirs."""
    if process.program in NAMES:
        return True
    is_httpd = process.program == "httpd" and any(tree.is_file(path) for path in FILES)
    return is_httpd and not is_busybox(tree, process)


def read(tree: Tree, process: Process) -> tuple[tuple[Line, ...], list[str]]:
    """The directives of the server that this process is, and what could not be read."""
    arguments = command_line.read(command_line.own_words(process.argv), letters=LETTERS)
    root = inside(arguments.get("d") or "")
    given = arguments.get("f")
    path = inside(given if given is None or given.startswith("/") or not root else f"{root}/{given}") if given else None
    path = path or next((name for name in FILES if tree.is_file(name)), FILES[0])
    files = ConfigurationFiles(tree)
    text = files.main(path)
    environment = dict(EXPORT.findall(tree.text(ENVIRONMENT) or ""))
    switches = command_line.read(environment.get("APACHE_ARGUMENTS", "").split(), letters=LETTERS).all("D")
    reader = _Reader(tree, files, root or folder_of(path), environment, {*arguments.all("D"), *switches})
    lines = tuple(reader.lines(text, path)) if text is not None else ()
    return lines, files.unread


@dataclass(slots=True)
class _Reader:
    tree: Tree
    files: ConfigurationFiles
    base: str
    variables: dict[str, str]
    defined: set[str]
    modules: set[str] = field(default_factory=set)
    sections: list[tuple[tuple[str, ...], Location]] = field(default_factory=list)
    off: list[bool] = field(default_factory=list)
    """For each section, whether what stands in it is left out."""
    count: int = 0

    def lines(self, text: str, path: str) -> Iterator[Line]:
        pending = ""
        for number, raw in enumerate(text.splitlines(), start=1):
            line = pending + raw.strip()
            pending = line[:-1] if line.endswith("\\") else ""
            if pending or not line or line.startswith("#"):
                continue
            self.count += 1
            if self.count > LINE_LIMIT:
                self.files.lose(f"{path} has too many lines")
                return
            yield from self._line(line, Location(path, number))

    def _line(self, line: str, at: Location) -> Iterator[Line]:
        words = tuple(self._filled("".join(match.groups(""))) for match in WORD.finditer(line.strip("<>")))
        if not words:
            return
        words = (words[0].lower(), *words[1:])
        if line.startswith("</"):
            if self.sections:
                self.sections.pop()
                self.off.pop()
        elif line.startswith("<"):
            self.sections.append((words, at))
            self.off.append(self._is_off(words, at))
        elif not any(self.off):
            yield from self._directive(words, at)

    def _directive(self, words: tuple[str, ...], at: Location) -> Iterator[Line]:
        match words:
            case ("include" | "includeoptional", pattern, *_):
                for path, text in self._included(words[0], pattern, at):
                    yield from self.lines(text, path)
                return
            case ("define", name, *value):
                self.defined.add(name)
                if value:
                    self.variables[name] = value[0][:VALUE_LIMIT]
            case ("undefine", name, *_):
                self.defined.discard(name)
                self.variables.pop(name, None)
            case ("loadmodule", name, path, *_):
                self.modules |= {name, basename(path).rpartition(".")[0] + ".c"}
            case ("serverroot", path, *_):
                self.base = inside(path)
            case ("use", name, *_):
                self.files.lose(f"{at}: what the macro {name} writes is not followed")
        hosts = [place for section, place in self.sections if section[0] == "virtualhost"]
        yield Line(words, tuple(section for section, _ in self.sections), at, hosts[0] if hosts else None)

    def _included(self, name: str, pattern: str, at: Location) -> Iterator[tuple[str, str]]:
        """A folder brings all its files; what IncludeOptional names need not be there."""
        path = inside(pattern if pattern.startswith("/") else f"{self.base}/{pattern}")
        if self.tree.is_directory(path):
            return self.files.folder(path, at)
        if name == "includeoptional" and not self.tree.glob(path):
            return iter(())
        return self.files.included(pattern, at, self.base)

    def _filled(self, word: str) -> str:
        return VARIABLE.sub(lambda match: self.variables.get(match[1], match[0]), word, count=FILLED_LIMIT)

    def _is_off(self, section: tuple[str, ...], at: Location) -> bool:
        """Whether what stands in this section is not in force; of a condition that is not read it is."""
        kind, argument = section[0], " ".join(section[1:])
        name = argument.removeprefix("!").strip()
        match kind:
            case "ifmodule":
                holds = self._has_module(name)
            case "ifdefine":
                holds = name in self.defined
            case "iffile":
                holds = self.tree.exists(inside(name))
            case "perl":
                self.files.lose(f"{at}: what Perl writes here is not followed")
                return True
            case _:
                return kind == "macro"
        return holds == argument.startswith("!")

    def _has_module(self, name: str) -> bool:
        """Whether it is loaded. Only where those are that no server does without, nothing else is built in."""
        stem = name.removeprefix("mod_").removesuffix(".c").removesuffix("_module")
        all_are_loaded = any(module.startswith(("mpm_", "authz_core")) for module in self.modules)
        return name in self.modules or stem in BUILT_IN or not all_are_loaded
