"""What an Apache serves, runs and shows.

Rules, from the manual of 2.4: sections of folders are merged from the outer to the inner, `Options` with signs change
what was before and without signs replace it, by default FollowSymLinks alone; `Require` of anything but `all granted`
keeps others away.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from firmward.facts import apache_file
from firmward.facts.apache_file import Line
from firmward.facts.configuration_file import inside
from firmward.facts.startup import Process
from firmward.facts.web.record import Cgi, Feature, Root, Trait, WebServer
from firmward.model.tree import Tree


def read(tree: Tree, process: Process) -> WebServer:
    lines, unread = apache_file.read(tree, process)
    return judged(lines, process, tuple(unread))


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
            yield Trait(
                Feature.LISTING, f"/{place}", " ".join(decides.words)[:200], decides.at, " ".join(decides.within[-1])
            )


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
            yield Trait(feature, where, " ".join(line.words), line.at, " ".join(section[-1]) if section else None)


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
