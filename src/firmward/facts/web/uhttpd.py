"""What OpenWrt's uhttpd serves and runs, from its own usage and its start script.

Rules: `-h` is the folder; `-x` the prefix below which files are run, /cgi-bin unless set; `-i .EXT=PROGRAM` runs what
ends so; `-l`, `-L` and `-o`, `-O` are prefix and file of the Lua and ucode handlers. Folders are listed unless `-D`.
The start script makes these from etc/config/uhttpd. The server has no way to give up root's rights.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts import command_line
from firmward.facts.configuration_file import inside
from firmward.facts.startup import Process
from firmward.facts.web.record import Cgi, Feature, Root, Trait, WebServer
from firmward.formats import uci
from firmward.model.location import Location
from firmward.model.tree import Tree

UCI_FILE = "etc/config/uhttpd"
WITH_VALUE = "psCKhrEInNlLoOuUxyitTkAcdmPZ"
TRUE = ("1", "on", "true", "yes", "enabled")


@dataclass(frozen=True, slots=True)
class Instance:
    """One server: its folder, what it runs and where that is said. `lists` says that folders are listed."""

    home: str
    prefix: str
    handlers: tuple[str, ...]
    suffixes: tuple[str, ...]
    lists: bool
    at: Location


def read(tree: Tree, process: Process) -> WebServer:
    text = tree.text(UCI_FILE)
    instances = list(_configured(text)) if text is not None else []
    if not instances or "-h" in process.argv:
        instances = [_from_arguments(process)]
    return WebServer(
        "uhttpd",
        process.service,
        process.at,
        process.user or "root",
        tuple(Root(inside(one.home), one.at) for one in instances if one.home),
        tuple(dict.fromkeys(cgi for one in instances for cgi in _cgi(one))),
        tuple(
            Trait(Feature.LISTING, one.home, "no_dirlists is not set", one.at)
            for one in instances
            if one.lists and one.home
        ),
    )


def _configured(text: str) -> Iterator[Instance]:
    for section in uci.parse(text):
        if section.type == "uhttpd":
            prefix = section.get("cgi_prefix")
            off = section.get("no_dirlists")
            yield Instance(
                _value(section, "home") or "/www",
                prefix.value if prefix is not None else "/cgi-bin",
                tuple(filter(None, (_value(section, "lua_handler"), _value(section, "ucode_handler")))),
                tuple(value.value.partition("=")[0] for value in section.list("interpreter")),
                off is None or off.value not in TRUE,
                Location(UCI_FILE, section.line),
            )


def _value(section: uci.Section, option: str) -> str:
    found = section.get(option)
    return found.value if found is not None else ""


def _from_arguments(process: Process) -> Instance:
    arguments = command_line.read(command_line.own_words(process.argv), letters=WITH_VALUE)
    return Instance(
        arguments.get("h") or "",
        arguments.get("x") or "/cgi-bin",
        tuple(filter(None, (arguments.get("L"), arguments.get("O")))),
        tuple(value.partition("=")[0] for value in arguments.all("i")),
        not arguments.has("D"),
        process.at,
    )


def _cgi(one: Instance) -> Iterator[Cgi]:
    if one.home and one.prefix.strip("/"):
        yield Cgi(inside(f"{one.home}/{one.prefix}"), "", one.at)
    for suffix in one.suffixes if one.home else ():
        yield Cgi(inside(one.home), suffix, one.at)
    for handler in one.handlers:
        yield Cgi(inside(handler), "", one.at)
