"""What an Apache serves, runs and shows.

Rules, from the manual of 2.4: sections of folders are merged from the outer to the inner, `Options` with signs change
what was before and without signs replace it, by default FollowSymLinks alone; `Require` of anything but `all granted`
keeps others away. Debian keeps user and folders in etc/apache2/envvars.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

from firmward.facts import command_line
from firmward.facts.configuration_file import ConfigurationFiles, folder_of, inside
from firmward.facts.startup import Process
from firmward.facts.web.record import Cgi, Feature, Root, Trait, WebServer
from firmward.model.location import Location
from firmward.model.tree import Tree

FILES = ("etc/apache2/apache2.conf", "etc/httpd/conf/httpd.conf", "etc/apache2/httpd.conf", "etc/apache/httpd.conf",
         "usr/local/apache2/conf/httpd.conf")  # fmt: skip
ENVIRONMENT = "etc/apache2/envvars"
EXPORT = re.compile(r"^\s*(?:export\s+)?(APACHE_\w+)=([\w./-]*)", re.MULTILINE)
WORD = re.compile(r"\"((?:[^\"\\]|\\.)*+)\"|'([^']*)'|(\S+)")
VARIABLE = re.compile(r"\$\{(\w+)\}")
LINE_LIMIT = 50_000


@dataclass(frozen=True, slots=True)
class Line:
    """One directive, its name in lower case, and the sections it stands in, the outermost first."""

    words: tuple[str, ...]
    within: tuple[tuple[str, ...], ...]
    at: Location

    @property
    def name(self) -> str:
        return self.words[0]


@dataclass(slots=True)
class _Reader:
    """Includes are relative to ServerRoot, which is the main file's folder unless set."""

    files: ConfigurationFiles
    base: str
    variables: dict[str, str]
    sections: list[tuple[str, ...]] = field(default_factory=list)
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
        elif line.startswith("<"):
            self.sections.append(words)
        elif words[0] in ("include", "includeoptional") and len(words) > 1:
            for path, text in self.files.included(words[1], at, self.base):
                yield from self.lines(text, path)
        elif not any(_is_off(section) for section in self.sections):
            if words[0] == "define" and len(words) > 2:
                self.variables[words[1]] = words[2]
            if words[0] == "serverroot" and len(words) > 1:
                self.base = inside(words[1])
            yield Line(words, tuple(self.sections), at)

    def _filled(self, word: str) -> str:
        return VARIABLE.sub(lambda match: self.variables.get(match[1], match[0]), word)


def _is_off(section: tuple[str, ...]) -> bool:
    """A condition that says `without`: what stands there is for other builds."""
    return section[0] in ("ifmodule", "ifdefine") and len(section) > 1 and section[1].startswith("!")


def read(tree: Tree, process: Process) -> WebServer:
    given = command_line.read(command_line.own_words(process.argv), letters="fdDCcek").get("f")
    path = given or next((name for name in FILES if tree.is_file(name)), FILES[0])
    files = ConfigurationFiles(tree)
    text = files.main(path)
    environment = tree.text(ENVIRONMENT) or ""
    reader = _Reader(files, folder_of(inside(path)), dict(EXPORT.findall(environment)))
    lines = tuple(reader.lines(text, inside(path))) if text is not None else ()
    return judged(lines, process, tuple(files.unread))


def judged(lines: tuple[Line, ...], process: Process, unread: tuple[str, ...] = ()) -> WebServer:
    users = [line.words[1] for line in lines if line.name == "user" and len(line.words) > 1 and not line.within]
    user = (users[-1] if users else process.user or "root").lstrip("#")
    roots = tuple(dict.fromkeys(_roots(lines)))
    traits = (*_listings(lines, roots), *_open_pages(lines))
    return WebServer(
        "apache2",
        process.service,
        process.at,
        None if "$" in user else user,
        roots,
        tuple(dict.fromkeys(_cgi(lines, roots))),
        traits,
        confined=bool(users),
        unread=unread,
    )


def _roots(lines: Iterable[Line]) -> Iterator[Root]:
    for line in lines:
        match line.words:
            case ("documentroot", path):
                yield Root(inside(path), line.at)
            case ("alias", _, path):
                yield Root(inside(path), line.at)


def _cgi(lines: tuple[Line, ...], roots: tuple[Root, ...]) -> Iterator[Cgi]:
    for line in lines:
        match line.words:
            case ("scriptalias", _, path):
                yield Cgi(inside(path), "", line.at)
            case ("addhandler" | "addtype", kind, *suffixes) if "cgi-script" in kind or "httpd-php" in kind:
                for suffix in suffixes:
                    yield from (Cgi(root.path, f".{suffix.lstrip('.')}", line.at) for root in roots)
            case ("sethandler", kind) if "php" in kind and "source" not in kind:
                yield from (Cgi(root.path, ".php", line.at) for root in roots)


def _folder(line: Line) -> str | None:
    """The plain path of the innermost folder's section."""
    for section in reversed(line.within):
        if section[0] == "directory" and len(section) == 2 and not any(sign in section[1] for sign in "*?["):
            return inside(section[1])
    return None


def _listings(lines: tuple[Line, ...], roots: tuple[Root, ...]) -> Iterator[Trait]:
    modules = [line.words[1] for line in lines if line.name == "loadmodule" and len(line.words) > 1]
    if modules and "autoindex_module" not in modules:
        return
    options = [(folder, line) for line in lines if line.name == "options" and (folder := _folder(line)) is not None]
    served = [root.path for root in roots]
    below = [folder for folder, _ in options if any(_is_below(folder, root) for root in served)]
    told = set()
    for place in dict.fromkeys([*served, *below]):
        decides = _decides([one for one in options if _is_below(place, one[0])])
        is_closed = _is_guarded(lines, partial(_covers, place))
        if decides is not None and decides.at not in told and not is_closed:
            told.add(decides.at)
            yield Trait(Feature.LISTING, f"/{place}", " ".join(decides.words)[:200], decides.at)


def _covers(place: str, line: Line) -> bool:
    """The innermost section about a folder: what is denied for / is granted again below."""
    folder = _folder(line)
    return folder == place


def _decides(options: list[tuple[str, Line]]) -> Line | None:
    """The line by which names are listed, after all that hold for one folder, outer before inner."""
    found: Line | None = None
    for _, line in sorted(options, key=lambda one: len(one[0])):
        words = {word.lower() for word in line.words[1:]}
        if words & {"indexes", "+indexes", "all", "+all"}:
            found = line
        elif "-indexes" in words or not all(word[:1] in "+-" for word in words):
            found = None
    return found


def _is_below(path: str, folder: str) -> bool:
    return not folder or path == folder or path.startswith(f"{folder}/")


def _open_pages(lines: tuple[Line, ...]) -> Iterator[Trait]:
    for line in lines:
        match line.words:
            case ("sethandler", "server-status" | "server-info"):
                feature = Feature.STATUS
            case ("dav", "On" | "on" | "ON"):
                feature = Feature.WRITE
            case _:
                continue
        section = line.within
        if not _is_guarded(lines, lambda one, section=section: one.within[: len(section)] == section):  # type: ignore[misc]
            where = section[-1][-1] if section else "/"
            yield Trait(feature, where, " ".join(line.words), line.at)


def _is_guarded(lines: tuple[Line, ...], holds: Callable[[Line], bool]) -> bool:
    for line in lines:
        if not line.within or not holds(line):
            continue
        words = tuple(word.lower() for word in line.words)
        if words[0] == "require" and words[1:] != ("all", "granted"):
            return True
        if words[:3] == ("deny", "from", "all"):
            return True
    return False
