"""Samba's configuration with all that it includes, after smb.conf(5).

Rules. `include` and `config file` name another file; a substitution in its name (%m, the client's) is known at run time
only, so that every file of such a name counts. smbd takes another file by `-s`. A command that a parameter names runs
with root's rights where the manual says so, else with those of who is connected.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.command_line import own_words
from firmward.facts.process import Start
from firmward.facts.startup import Startup
from firmward.formats import smb_conf
from firmward.formats.smb_conf import Parameter
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.tree import Tree

PLACES = ("etc/samba/smb.conf", "etc/smb.conf", "etc/samba/smb.conf.template", "usr/local/samba/etc/smb.conf")
FILES_LIMIT = 50
_AS_ROOT = """
rootpreexec rootpostexec adduserscript deleteuserscript renameuserscript addgroupscript deletegroupscript
addusertogroupscript deleteuserfromgroupscript setprimarygroupscript addmachinescript shutdownscript
abortshutdownscript checkpasswordscript usernamemapscript winshook panicaction addsharecommand changesharecommand
deletesharecommand addprintercommand deleteprintercommand enumportscommand addportcommand passwdprogram
lognttokencommand
"""
AS_ROOT = frozenset(_AS_ROOT.split())
_AS_USER = """
preexec exec postexec printcommand lpqcommand lprmcommand lppausecommand lpresumecommand queuepausecommand
queueresumecommand dfreecommand messagecommand getquotacommand setquotacommand
"""
AS_USER = frozenset(_AS_USER.split())
YES, NO = ("yes", "true", "1"), ("no", "false", "0")


@dataclass(frozen=True, slots=True)
class Command:
    """A `command` that a `parameter` has Samba run, with root's rights or those of who `is_connected`; `at` says so."""

    parameter: str
    command: str
    is_connected: bool
    at: Location

    @property
    def paths(self) -> tuple[str, ...]:
        """The files that it names; what holds a substitution is known at run time only."""
        return tuple(word for word in re.findall(r"(?<![^\s\"'|;&(])/[^\s\"'|;&()]+", self.command) if "%" not in word)


@dataclass(frozen=True, slots=True)
class Samba:
    """`commands` are what the files name to be run, `backends` where they say that passwords are kept, in the manual's
    words (`smbpasswd:/path`); `unread` says what could not be read."""

    commands: tuple[Command, ...]
    backends: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def collect(tree: Tree, startup: Startup | Unknown | None) -> Samba | None:
    unread: list[str] = []
    found = [pair for path in _files(tree, startup, unread) for pair in _read(tree, path, unread)]
    if not found and not unread:
        return None
    commands = tuple(dict.fromkeys((*_commands(found), *_magic(found))))
    backends = [parameter.value for parameter, _ in found if parameter.key in ("passdbbackend", "smbpasswdfile")]
    return Samba(commands, tuple(word for text in backends for word in text.split()), tuple(dict.fromkeys(unread)))


def _files(tree: Tree, startup: Startup | Unknown | None, unread: list[str]) -> Iterator[str]:
    """The files that are read first, and what these include."""
    pending: dict[str, bool] = dict.fromkeys((path for path in PLACES if tree.is_file(path)), False)
    pending |= dict.fromkeys((path.strip("/") for path in _given(startup) if tree.is_file(path)), False)
    asked: set[str] = set()
    for _ in range(FILES_LIMIT):
        path = next((path for path, is_read in pending.items() if not is_read), None)
        if path is None:
            return
        pending[path] = True
        yield path
        for pattern in _included(tree, path) - asked:
            asked.add(pattern)
            for name in tree.glob(pattern):
                pending.setdefault(name, False)
    if not all(pending.values()):
        unread.append(f"Samba's configuration has more than {FILES_LIMIT} files")


def _included(tree: Tree, path: str) -> set[str]:
    try:
        found = smb_conf.parse(tree.text(path) or "")
        named = [one.value for one in found if one.key in ("include", "configfile") and one.value.startswith("/")]
    except Unavailable:  # told by who reads it
        return set()
    return {re.sub(r"%.", "*", value).strip("/") for value in named[:FILES_LIMIT]}


def _given(startup: Startup | Unknown | None) -> Iterator[str]:
    for process in startup.processes if isinstance(startup, Startup) else ():
        if process.program in ("smbd", "samba") and process.start is not Start.DISABLED:
            words = own_words(process.argv)
            for number, word in enumerate(words):
                if word in ("-s", "--configfile") and number + 1 < len(words):
                    yield words[number + 1]
                elif word.startswith("--configfile="):
                    yield word.partition("=")[2]


def _read(tree: Tree, path: str, unread: list[str]) -> Iterator[tuple[Parameter, Location]]:
    try:
        text = tree.text(path) or ""
    except Unavailable as reason:
        unread.append(str(reason))
        return
    yield from ((parameter, Location(path, parameter.line)) for parameter in smb_conf.parse(text))


def _commands(found: list[tuple[Parameter, Location]]) -> Iterator[Command]:
    for parameter, at in found:
        if parameter.key in AS_ROOT or parameter.key in AS_USER:
            yield Command(parameter.key, parameter.value, parameter.key in AS_USER, at)


def _magic(found: list[tuple[Parameter, Location]]) -> Iterator[Command]:
    """`magic script` is a file of the share that runs when who wrote it closes it."""
    for parameter, at in found:
        own = [other for other, _ in found if other.section == parameter.section]
        paths = [other.value for other in own if other.key in ("path", "directory")]
        if parameter.key == "magicscript" and parameter.value and paths and _is_written(own):
            yield Command(parameter.key, f"{paths[-1].rstrip('/')}/{parameter.value}", True, at)


def _is_written(share: list[Parameter]) -> bool:
    """Whether who is connected may write; a share is read-only unless it says otherwise."""
    says = [
        other.value.lower() in (NO if other.key == "readonly" else YES)
        for other in share
        if other.key in ("readonly", "writable", "writeable", "writeok")
    ]
    return bool(says) and says[-1]
