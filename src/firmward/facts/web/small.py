"""What the small web servers serve and run: BusyBox httpd, thttpd, mini_httpd, boa, darkhttpd and interpreters' own.

Rules, from their manuals: BusyBox's httpd runs what lies in cgi-bin below its folder, and `*.EXT:PROGRAM` lines of its
file name interpreters; thttpd and mini_httpd run what `cgipat` names and go to `nobody` when root starts them;
boa runs what ScriptAlias and the type x-httpd-cgi name; darkhttpd lists folders without --no-listing; Python's
`http.server` lists folders always.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from posixpath import dirname

from firmward.facts import command_line
from firmward.facts.configuration_file import ConfigurationFiles, inside, lines
from firmward.facts.key_value import Option
from firmward.facts.net_program import is_busybox
from firmward.facts.startup import Process
from firmward.facts.web.record import Cgi, Feature, Root, Trait, WebServer
from firmward.model.location import Location
from firmward.model.tree import Tree

SUFFIX = re.compile(r"\.\w+$")


def httpd(tree: Tree, process: Process) -> WebServer | None:
    """BusyBox's applet; a program of its own with this name is another's."""
    if not is_busybox(tree, process):
        return None
    arguments = command_line.read(command_line.own_words(process.argv), letters="phcurdme")
    user = (arguments.get("u") or process.user or "root").partition(":")[0]
    home = arguments.get("h")
    if not home or "$" in home:
        return _unplaced("httpd", process, user)
    root = Root(inside(home), process.at)
    files = ConfigurationFiles(tree)
    named = arguments.get("c")
    path = inside(named or (f"{home}/httpd.conf" if tree.is_file(f"{inside(home)}/httpd.conf") else "etc/httpd.conf"))
    text = files.main(path) if named or tree.exists(path) else ""
    cgi = [Cgi(inside(f"{home}/cgi-bin"), "", process.at)]
    for number, line in lines(text or ""):
        if line.startswith("*.") and ":" in line:
            cgi.append(Cgi(root.path, line[1 : line.index(":")], Location(path, number)))
    return _server("httpd", process, user, (root,), tuple(cgi), unread=tuple(files.unread))


def _unplaced(name: str, process: Process, user: str) -> WebServer:
    return _server(name, process, user, unread=(f"{process.at}: which folder {name} serves cannot be worked out",))


def thttpd(tree: Tree, process: Process) -> WebServer:
    """thttpd, and mini_httpd with the same letters and keys."""
    arguments = command_line.read(command_line.own_words(process.argv), letters="CdpcultThiEPMYS", names=("dd",))
    named = arguments.get("C")
    files = ConfigurationFiles(tree)
    text = files.main(named) if named else ""
    options = {option.key: option for option in _options(text or "", inside(named or ""), "=")}

    def value(letter: str, *keys: str) -> str:
        return arguments.get(letter) or next((options[key].value for key in keys if key in options), "")

    user = value("u", "user") or "nobody"
    home = value("dd", "data_dir") or value("d", "dir")
    pattern = value("c", "cgipat")
    if not home:
        return _unplaced(process.program, process, user)
    root = Root(inside(home), process.at)
    patterns = (one for one in pattern.split("|") if one)
    cgi = tuple(_by_pattern(root.path, one, process.at) for one in patterns)
    found = _server(process.program, process, user, (root,), cgi, unread=tuple(files.unread), confined=True)
    return replace(found, file=inside(named) if named and not arguments.get("u") else None)


def _by_pattern(root: str, pattern: str, at: Location) -> Cgi:
    """`/cgi-bin/*` is a folder, `**.cgi` an ending."""
    suffix = SUFFIX.search(pattern)
    folder = pattern.partition("*")[0].rstrip("/")
    return Cgi(inside(f"{root}/{folder}") if folder else root, suffix[0] if suffix else "", at)


def boa(tree: Tree, process: Process) -> WebServer:
    arguments = command_line.read(command_line.own_words(process.argv), letters="crldf")
    folder = arguments.get("c") or ""
    named = arguments.get("f") or (f"{folder}/boa.conf" if folder else "")
    path = named or next((one for one in ("etc/boa/boa.conf", "etc/boa.conf") if tree.is_file(one)), "etc/boa/boa.conf")
    files = ConfigurationFiles(tree)
    options = tuple(_options(files.main(path) or "", inside(path), None))
    last = {option.key: option for option in options}
    user = last["user"].value if "user" in last else process.user or "root"
    roots = tuple(Root(inside(option.value), option.at) for option in options if option.key == "documentroot")
    traits = (
        Trait(Feature.LISTING, "/", f"DirectoryMaker {option.value}", option.at)
        for option in options
        if option.key in ("directorymaker", "directorycache")
    )
    cgi = (cgi for option in options for cgi in _boa_cgi(option, roots))
    found = _server("boa", process, user, roots, tuple(cgi), tuple(traits)[:1], tuple(files.unread), "user" in last)
    return replace(found, file=inside(path))


def _boa_cgi(option: Option, roots: tuple[Root, ...]) -> Iterator[Cgi]:
    words = option.value.split()
    if option.key == "scriptalias" and len(words) == 2:
        yield Cgi(inside(words[1]), "", option.at)
    elif option.key == "addtype" and words[:1] == ["application/x-httpd-cgi"]:
        for suffix in words[1:]:
            yield from (Cgi(root.path, f".{suffix.lstrip('.')}", option.at) for root in roots)


def _options(text: str, path: str, separator: str | None) -> Iterator[Option]:
    for number, line in lines(text):
        key, *rest = line.split(separator, 1)
        yield Option(key.strip().lower(), rest[0].strip() if rest else "", Location(path, number))


def darkhttpd(tree: Tree, process: Process) -> WebServer:
    words = command_line.own_words(process.argv)
    home = words[0] if words and not words[0].startswith("-") else ""
    user = _after(words, "--uid") or process.user or "root"
    if not home:
        return _unplaced("darkhttpd", process, user)
    listing = Trait(Feature.LISTING, "/", "--no-listing is not given", process.at)
    traits = () if "--no-listing" in words else (listing,)
    return _server("darkhttpd", process, user, (Root(inside(home), process.at),), (), traits)


def python(tree: Tree, process: Process) -> WebServer | None:
    words = process.argv
    if not any(word in ("http.server", "SimpleHTTPServer") for word in words):
        return None
    home = _after(words, "-d") or _after(words, "--directory")
    user = process.user or "root"
    listing = Trait(Feature.LISTING, "/", " ".join(words)[:200], process.at)
    if not home:
        return _server("http.server", process, user, traits=(listing,))
    cgi = (Cgi(inside(f"{home}/cgi-bin"), "", process.at),) if "--cgi" in words else ()
    return _server("http.server", process, user, (Root(inside(home), process.at),), cgi, (listing,))


def php(tree: Tree, process: Process) -> WebServer | None:
    """`php -S ADDRESS:PORT -t FOLDER [SCRIPT]`."""
    arguments = command_line.read(command_line.own_words(process.argv), letters="Stcd")
    if arguments.get("S") is None:
        return None
    script = next((word for word in arguments.words if word.startswith("/")), "")
    home = arguments.get("t") or dirname(script)
    user = process.user or "root"
    if not home:
        return _unplaced("php", process, user)
    root = inside(home)
    return _server("php", process, user, (Root(root, process.at),), (Cgi(root, ".php", process.at),))


def _after(words: tuple[str, ...], name: str) -> str:
    return next((words[place + 1] for place, word in enumerate(words[:-1]) if word == name), "")


def _server(
    program: str,
    process: Process,
    user: str,
    roots: tuple[Root, ...] = (),
    cgi: tuple[Cgi, ...] = (),
    traits: tuple[Trait, ...] = (),
    unread: tuple[str, ...] = (),
    confined: bool = False,
) -> WebServer:
    return WebServer(program, process.service, process.at, user, roots, cgi, traits, confined, unread)


READERS: dict[str, Callable[[Tree, Process], WebServer | None]] = {
    "httpd": httpd,
    "thttpd": thttpd,
    "mini_httpd": thttpd,
    "boa": boa,
    "darkhttpd": darkhttpd,
    **dict.fromkeys(("python", "python2", "python3"), python),
    "php": php,
}
