"""What a lighttpd serves and runs.

Rules, from the manual: a module does nothing unless `server.modules` names it, but listings and aliases of old and new
releases alike are built in or loaded where they are set; `cgi.assign` runs what ends in a key, every file for an empty
one; programs have the rights of `server.username`, root's without it where the server was started by root.

Who says nothing is waited for as long as `server.max-read-idle` says, 60 s unless it is set: before TLS, in the middle
of its handshake, after it, and within a request alike (measured with 1.4.69: with five seconds a place is free after
eleven to twelve, since connections are closed slowly). It counts from the last byte, so that who sends one now and then
stays.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from firmward.facts import command_line
from firmward.facts.configuration_file import ConfigurationFiles, folder_of, inside
from firmward.facts.listener import is_loopback
from firmward.facts.startup import Process
from firmward.facts.web.record import PATIENT, Cgi, Feature, Root, Trait, WebServer
from firmward.formats.lighttpd import Condition, Reading, Setting, mapping, parse, texts
from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.tree import Tree

DEFAULT_FILE = "etc/lighttpd/lighttpd.conf"
READ_IDLE = "server.max-read-idle"
ON = ("enable", "true", "1")
URL_PREFIX = re.compile(r"\^?(/[\w./-]*)")


def read(tree: Tree, process: Process) -> WebServer:
    path = command_line.read(command_line.own_words(process.argv), letters="fmi").get("f") or DEFAULT_FILE
    files = ConfigurationFiles(tree)
    text = files.main(path)
    reading = Reading()
    if text is not None:
        base = folder_of(path)
        try:
            reading = parse(text, path.lstrip("/"), lambda name, at: files.included(name, at, base))
        except Unavailable as reason:
            files.lose(reason.reason)
    found = judged(reading, process, (*reading.unread, *files.unread))
    slow = _patience(reading.settings, Location(inside(path)), is_whole=text is not None and not found.unread)
    return replace(found, file=inside(path), traits=(*found.traits, *slow))


def _patience(settings: list[Setting], file: Location, *, is_whole: bool) -> Iterator[Trait]:
    """How long it waits for who says nothing, where that is too long."""
    said = {one.within: one for one in settings if one.name == READ_IDLE}
    for one in said.values():
        value = _joined(one)
        if not value.isdecimal() or int(value) > PATIENT:
            yield Trait(Feature.SLOW, "", f"{READ_IDLE} = {value}"[:200], one.at)
    if is_whole and () not in said:
        yield Trait(Feature.SLOW, "", f"{READ_IDLE} is not set", file)


def judged(reading: Reading, process: Process, unread: tuple[str, ...]) -> WebServer:
    settings = reading.settings
    modules = {text for setting in settings if setting.name == "server.modules" for text in texts(setting.value)}
    users = [setting for setting in settings if setting.name == "server.username" and not setting.within]
    user = _joined(users[-1]) if users else process.user or "root"
    roots = tuple(dict.fromkeys(_roots(settings)))
    traits = tuple(trait for trait in _traits(settings, modules) if not _is_guarded(trait[0], trait[1], settings))
    return WebServer(
        "lighttpd",
        process.service,
        process.at,
        user,
        roots,
        tuple(_cgi(settings, modules, roots)),
        tuple(trait for _, trait in traits),
        confined=bool(users),
        unread=unread,
    )


def _joined(setting: Setting) -> str:
    return "".join(texts(setting.value))


def _roots(settings: list[Setting]) -> Iterator[Root]:
    for setting in settings:
        if setting.name == "server.document-root":
            yield Root(inside(_joined(setting)), setting.at)
        elif setting.name == "alias.url":
            for target in mapping(setting.value).values():
                yield Root(inside("".join(texts(target))), setting.at)


def _cgi(settings: list[Setting], modules: set[str], roots: tuple[Root, ...]) -> Iterator[Cgi]:
    for setting in settings:
        is_cgi = setting.name == "cgi.assign" and "mod_cgi" in modules
        if not is_cgi and not (setting.name == "fastcgi.server" and "mod_fastcgi" in modules):
            continue
        prefix = _prefix(setting.within)
        for suffix in mapping(setting.value):
            if suffix:
                yield from (Cgi(root.path, suffix.lstrip("*"), setting.at) for root in roots)
            elif prefix:
                yield from _folders(prefix, settings, roots, setting)


def _folders(prefix: str, settings: list[Setting], roots: tuple[Root, ...], by: Setting) -> Iterator[Cgi]:
    aliases = [mapping(setting.value) for setting in settings if setting.name == "alias.url"]
    for alias in aliases:
        for url, target in alias.items():
            if url is not None and url.rstrip("/") == prefix.rstrip("/"):
                yield Cgi(inside("".join(texts(target))), "", by.at)
    for root in roots:
        yield Cgi(inside(f"{root.path}/{prefix}"), "", by.at)


def _prefix(within: tuple[Condition, ...]) -> str:
    """The beginning of the addresses that a block holds for."""
    for condition in within:
        if condition.kind == "HTTP" and condition.name == "url":
            match = URL_PREFIX.match(condition.value)
            return match[1] if match else ""
    return ""


def _traits(settings: list[Setting], modules: set[str]) -> Iterator[tuple[Setting, Trait]]:
    last = {(setting.name, setting.within): setting for setting in settings}
    for (name, within), setting in last.items():
        value = _joined(setting)
        where = _prefix(within) or "/"
        if name in ("dir-listing.activate", "server.dir-listing") and value in ON:
            yield setting, Trait(Feature.LISTING, where, f"{name} = {value}", setting.at)
        elif name in ("status.status-url", "status.config-url") and value and "mod_status" in modules:
            yield setting, Trait(Feature.STATUS, value, f"{name} = {value}", setting.at)
        elif name == "webdav.activate" and value in ON and "mod_webdav" in modules:
            locked = last.get(("webdav.is-readonly", within))
            if locked is None or _joined(locked) not in ON:
                yield setting, Trait(Feature.WRITE, where, f"{name} = {value}", setting.at)


def _is_guarded(setting: Setting, trait: Trait, settings: list[Setting]) -> bool:
    """Only some addresses reach it, or only with a password."""
    if any(_is_narrow(condition) for condition in setting.within):
        return True
    if any(
        one.name == "url.access-deny" and "" in texts(one.value) and any(c.name == "remoteip" for c in one.within)
        for one in settings
    ):
        return trait.feature is not Feature.LISTING
    asked = (url for one in settings if one.name == "auth.require" for url in mapping(one.value))
    return any(url is not None and trait.where.startswith(url) for url in asked)


def _is_narrow(condition: Condition) -> bool:
    if condition.name == "socket" and condition.kind == "SERVER" and condition.sign == "==":
        return is_loopback(condition.value.rpartition(":")[0].strip("[]"))
    return condition.name in ("remoteip", "remote-ip") and condition.sign in ("==", "=~")
