"""What lies in the folders that web servers hand out, and should not.

Rules: a server hands out every file below its folder, whether a page names it or not, but what it runs. Where folders
are listed, one is whose names no index page hides. What is filled at run time cannot be seen here.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from firmward.facts.web_servers import Cgi, Root, WebServer, WebServers, files_below
from firmward.model.facts import Unavailable
from firmward.model.tree import Entry, Kind, Tree

SIZE_LIMIT = 64 << 10
"""Bytes of a small file that is looked into."""

BACKUP = re.compile(r"(?:\.(?:bak|old|orig|save|swp|swo|backup|dpkg-old|rpmsave)|~)$|^#.*#$", re.IGNORECASE)
CODE = re.compile(r"\.(?:php\d?|cgi|pl|py|sh|lua|asp|aspx|jsp|conf|cfg|ini|inc|sql|xml|json|uc)\b", re.IGNORECASE)
STATIC = re.compile(
    r"\.(?:html?|css|js|mjs|map|png|jpe?g|gif|svg|ico|webp|bmp|woff2?|ttf|eot|otf|gz|br|txt|md|webmanifest|swf|lp|"
    r"mp3|wav|mp4|wasm|ut|htc|less|scss|xsl|properties|dtd)$",
    re.IGNORECASE,
)
INDEX = re.compile(r"(?:index|default|main|login|home)\.\w+$", re.IGNORECASE)
REPOSITORY = frozenset((".git", ".svn", ".hg", ".bzr", "CVS"))
KEY_NAMES = re.compile(r"\.(?:key|pem|p12|pfx)$|^id_(?:rsa|ed25519|ecdsa|dsa)$|^(?:shadow|passwd|\.htpasswd)$")
WHOLE = frozenset(("", "etc", "root", "home", "mnt", "var", "dev", "proc", "sys", "usr", "data", "overlay"))
"""Folders that hold what no visitor should have, of which a folder for a server is a small part."""


class Kinds(StrEnum):
    """Why something should not lie there."""

    BACKUP = "backup-file"
    KEY = "private-file"
    PHPINFO = "phpinfo"
    REPOSITORY = "repository"
    ROOT = "root-exposed"
    WRITABLE = "cgi-writable"


@dataclass(frozen=True, slots=True)
class Exposed:
    """One `path` of a `kind` that a server hands out, or runs; `by` says from where its configuration says so."""

    kind: Kinds
    path: str
    by: Root | Cgi


@dataclass(frozen=True, slots=True)
class WebContent:
    """What is `exposed`, the `unhidden` folders (without an index page, with more than parts of pages), and `unread`.

    `seen` are the folders of servers that lie in the image; of any other nothing is known.
    """

    exposed: tuple[Exposed, ...]
    unhidden: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def collect(tree: Tree, web: WebServers) -> WebContent:
    exposed: dict[tuple[Kinds, str], Exposed] = {}
    unhidden: dict[str, None] = {}
    seen, unread = [], []
    for server in web.servers:
        for root in server.roots:
            entry = tree.resolve(root.path)
            if entry is None or entry.kind is not Kind.DIRECTORY:
                continue
            seen.append(root.path)
            try:
                found = files_below(tree, root.path)
                for one in (*_whole(tree, entry, root), *_files(tree, found, root, server)):
                    exposed.setdefault((one.kind, one.path), one)
                unhidden |= dict.fromkeys(_unhidden(found))
            except Unavailable as reason:
                unread.append(reason.reason)
        for cgi in server.cgi:
            for path in _writable(tree, cgi):
                exposed.setdefault((Kinds.WRITABLE, path), Exposed(Kinds.WRITABLE, path, cgi))
    return WebContent(tuple(exposed.values()), tuple(unhidden), tuple(seen), tuple(dict.fromkeys(unread)))


def _whole(tree: Tree, entry: Entry, root: Root) -> Iterator[Exposed]:
    """The folder itself, repositories in it, and links in it that lead to all there is."""
    if entry.path in WHOLE:
        yield Exposed(Kinds.ROOT, entry.path, root)
        return
    for name in tree.names(entry.path):
        path = f"{entry.path}/{name}"
        target = tree.resolve(path)
        is_folder = target is not None and target.kind is Kind.DIRECTORY
        if is_folder and name in REPOSITORY:
            yield Exposed(Kinds.REPOSITORY, path, root)
        elif is_folder and target is not None and target.path != path and target.path in WHOLE:
            yield Exposed(Kinds.ROOT, path, root)


def _files(tree: Tree, found: Iterable[Entry], root: Root, server: WebServer) -> Iterator[Exposed]:
    for entry in found:
        if REPOSITORY & set(entry.path.split("/")):
            continue
        if BACKUP.search(entry.name) and not _is_run(entry, server):
            yield Exposed(Kinds.BACKUP, entry.path, root)
        elif KEY_NAMES.search(entry.name) and not _is_run(entry, server) and _is_private(tree, entry):
            yield Exposed(Kinds.KEY, entry.path, root)
        elif entry.name.endswith(".php") and entry.size < 512 and b"phpinfo(" in (tree.read(entry.path) or b""):
            yield Exposed(Kinds.PHPINFO, entry.path, root)


def _is_run(entry: Entry, server: WebServer) -> bool:
    """What is run is not handed out."""
    return any(entry.path.startswith(f"{cgi.path}/") and entry.path.endswith(cgi.suffix) for cgi in server.cgi)


def _is_private(tree: Tree, entry: Entry) -> bool:
    if entry.size > SIZE_LIMIT:
        return False
    content = tree.read(entry.path) or b""
    is_table = entry.name in ("shadow", "passwd", ".htpasswd") and b":" in content
    return is_table or b"PRIVATE KEY-----" in content or entry.name.endswith((".p12", ".pfx"))


def _unhidden(found: tuple[Entry, ...]) -> Iterator[str]:
    folders: dict[str, list[str]] = {}
    for entry in found:
        folder, _, name = entry.path.rpartition("/")
        folders.setdefault(folder, []).append(name)
    for folder, names in folders.items():
        if not any(INDEX.match(name) for name in names) and not all(STATIC.search(name) for name in names):
            yield folder


def _writable(tree: Tree, cgi: Cgi) -> Iterator[str]:
    """A folder of programs in which everybody may write, or that lies where everybody may."""
    entry = tree.resolve(cgi.path)
    if entry is not None and entry.kind is Kind.DIRECTORY and entry.path and entry.mode & 0o002:
        yield entry.path
    elif cgi.path.startswith(("tmp/", "var/tmp/", "dev/shm/")):
        yield cgi.path
