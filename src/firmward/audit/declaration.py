"""A first device.toml from what an image shows: facts in, text out.

What the image shows is written as it is, so that an audit of the same image finds nothing undeclared. That it is there
is no reason that it should be: each thing that a person must decide has a comment, and what cannot be known is
commented out. Nothing is invented, and no setuid program that gives everybody its owner's rights is written. The names
come from a stranger's image: each is quoted, or shown with escapes.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from firmward.audit.redact import redact
from firmward.facts.accounts import Accounts
from firmward.facts.authorized_keys import AuthorizedKeys
from firmward.facts.daemon import OWN_FAMILY
from firmward.facts.daemon import ROWS as DAEMONS
from firmward.facts.destinations import Destinations
from firmward.facts.entrances import Entrances, Kind
from firmward.facts.exposure import by_key
from firmward.facts.identity import Identity
from firmward.facts.listener import Listener
from firmward.facts.listeners import Listeners
from firmward.facts.mounts import VOLATILE, Mounts
from firmward.facts.os_release import OsRelease
from firmward.facts.powers import power
from firmward.facts.process import Manager, Process, Start
from firmward.facts.setuid_programs import SetuidPrograms
from firmward.facts.startup import Startup
from firmward.facts.updaters import Updaters
from firmward.model.facts import Facts, Unknown
from firmward.model.policy import SECRET

FAMILIES: frozenset[type] = frozenset(
    (
        *(Accounts, AuthorizedKeys, Destinations, Entrances, Identity, Listeners, Mounts, OsRelease, SetuidPrograms),
        *(Startup, Updaters),
    )
)
"""What is asked of an image."""

ROW_LIMIT = 200
"""Tables of one kind; more is no product's declaration."""
KERNEL_MOUNTS = VOLATILE - {"tmpfs", "ramfs"}
SHELLS = re.compile(r"(?:ba|da|a|k|z|mk)?sh|python[\d.]*|perl|lua|node|java|env")
_ONE_SHOT = """
adduser cat chgrp chmod chown cmd cp cut date dd depmod dmesg echo env false find fsck grep head hostname hwclock id
ifconfig ifup insmod install ip iptables iptables-restore ip6tables ip6tables-restore kill killall ln loadkmap ls mdev
mkdir mkfifo mknod mktemp modprobe mount mountpoint mv nft passwd printf ps pwd read reboot rm rmdir route sed setfont
sleep sort stty sulogin swapoff swapon sync sysctl systemctl tar touch tr true udevadm umask umount usermod vconfig wc
"""
ONE_SHOT = frozenset(_ONE_SHOT.split())
"""Programs that scripts call and that end at once."""
PREFIX = re.compile(r"^[SK]\d{2}(?=[A-Za-z])")


def declaration(facts: Facts, source: str) -> str:
    """The text; `source` is the name of the image."""
    sections = (
        _head(source),
        _device(facts),
        _support(facts),
        _listen(facts),
        _egress(facts),
        _services(facts),
        _accounts(facts),
        _filesystem(facts),
        _boot(facts),
        _update(facts),
        _rest(),
    )
    return "\n\n".join("\n".join(lines) for section in sections if (lines := list(section))) + "\n"


@dataclass(frozen=True, slots=True)
class _Pair:
    """One line, `key = value`; None says that it is not known: it is commented out, with an example."""

    key: str
    value: str | bool | int | Sequence[str] | None
    example: str = '""'

    def __str__(self) -> str:
        return f"# {self.key} = {self.example}" if self.value is None else f"{self.key} = {_toml(self.value)}"


def _toml(value: str | bool | int | Sequence[str]) -> str:
    if isinstance(value, str):
        # JSON's escapes are those of a basic string, but for the one that TOML has besides: DEL
        return json.dumps(value, ensure_ascii=True).replace("\x7f", "\\u007F")
    if isinstance(value, bool | int):
        return str(value).lower()
    return "[" + ", ".join(_toml(one) for one in value) + "]"


def _comment(text: str) -> str:
    return f"# {redact(text)}".replace("\n", " ").replace("\r", " ")


def _can_be_written(text: str) -> bool:
    """No half characters, which TOML does not have, and nothing that a policy refuses for a secret."""
    return not any("\ud800" <= sign <= "\udfff" for sign in text) and SECRET.search(text) is None and len(text) < 300


def _unread(reasons: Iterable[str]) -> Iterator[str]:
    for reason in tuple(dict.fromkeys(reasons))[:5]:
        yield _comment(f"Not seen, so that there may be more: {reason}")


def _lost(*values: object) -> Iterator[str]:
    return (_comment(f"Not known: {value.reason}") for value in values if isinstance(value, Unknown))


def _head(source: str) -> Iterator[str]:
    yield "#:schema device.schema.json"
    yield _comment(f"A first declaration, from what {source} shows. What is there is not what should be:")
    yield "# go through each `TODO decide`, take out what the product does not need, and keep what is right."
    yield "# `firmward policy check` says whether it is valid; `firmward policy schema` writes the schema for editors."
    yield "schema = 1"


def _device(facts: Facts) -> Iterator[str]:
    known = facts.get(Identity)
    yield from _lost(known)
    identity = known if isinstance(known, Identity) else Identity()
    pairs = (
        _Pair("model", None, '"cam-2"'),
        _Pair("version", identity.version, '"1.0.0"'),
        _Pair("board", identity.board, '"the board as your build names it"'),
        _Pair("architecture", identity.architecture, '"arm64"'),
        _Pair("system", identity.system, '"yocto"'),
    )
    if identity.product is not None:
        yield "[device]"
        yield "# TODO decide: is this the product's name, or only the host's?"
        yield str(_Pair("product", identity.product))
        yield from map(str, pairs)
        return
    yield "# TODO decide: what is the product called? The image does not say; nothing here counts before it has a name."
    yield "# [device]"
    yield '# product = "camera"'
    yield from (line if line.startswith("# ") else f"# {line}" for line in map(str, pairs))


def _support(facts: Facts) -> Iterator[str]:
    yield "# TODO decide: until when do you give security updates, and what does the device do afterwards?"
    release = facts.get(OsRelease)
    if isinstance(release, OsRelease) and release.support_end is not None:
        yield _comment(
            f"os-release says that the system it was made from has no support from {release.support_end} on."
        )
    yield "# [support]"
    yield "# until = 2031-06-30"
    yield '# contact = "security@maker.example"'
    yield '# after = "reduced-network"   # warn, reduced-network, local-only or off'


def _listen(facts: Facts) -> Iterator[str]:
    known = facts.get(Listeners)
    yield from _lost(known)
    if not isinstance(known, Listeners):
        return
    yield from _unread(known.unread)
    groups = by_key(known.listeners)[:ROW_LIMIT]
    if not groups:
        yield "# Nothing listens, as far as was seen."
    for position, (_, group) in enumerate(groups):
        yield from [""] if position else []
        yield from _listener(group)


def _listener(group: Sequence[Listener]) -> Iterator[str]:
    first = group[0]
    local = all(one.is_local for one in group)
    if not local:
        yield "# TODO decide: is it needed, and who may reach it: a zone, a CIDR, lan, wan, bastion or local?"
    if not first.certain:
        yield "# It may listen; what it reads when it runs decides."
    yield "[[listen]]"
    yield str(_Pair("port", first.port))
    yield str(_Pair("protocol", first.protocol))
    if first.program and _can_be_written(first.program) and "$" not in first.program:
        yield str(_Pair("service", first.program))
    yield str(_Pair("from", "local" if local else "any"))


def _egress(facts: Facts) -> Iterator[str]:
    known = facts.get(Destinations)
    yield from _lost(known)
    if not isinstance(known, Destinations):
        return
    yield from _unread(known.unread)
    yield "# TODO decide: whom else does the product call? Only what configuration names is seen."
    for one in known.destinations[:ROW_LIMIT]:
        yield ""
        yield _comment(f"{one.why}: {one.at}")
        yield "[[egress]]"
        yield from map(str, (_Pair("to", one.to), _Pair("port", one.port), _Pair("protocol", one.protocol)))


@dataclass(frozen=True, slots=True)
class _Service:
    name: str
    user: str | None
    at: str


def _services(facts: Facts) -> Iterator[str]:
    known = facts.get(Startup)
    yield from _lost(known)
    if not isinstance(known, Startup):
        return
    yield from _unread((*((known.blind,) if known.blind is not None else ()), *known.unread_servers))
    services = _lasting(known, facts.get(Listeners))[:ROW_LIMIT]
    for position, service in enumerate(services):
        yield from [""] if position else []
        yield from () if service.user else ["# TODO decide: which user of its own does it run as, if not root?"]
        yield "[[service]]"
        yield str(_Pair("name", service.name))
        yield str(_Pair("user", service.user, '"a user of its own"'))
        yield '# writes = ["/data"]'


def _lasting(startup: Startup, listeners: object) -> list[_Service]:
    """The programs that stay, by name, each once."""
    holding = {one.program for one in listeners.listeners} if isinstance(listeners, Listeners) else set()
    found: dict[str, _Service] = {}
    for process in startup.processes:
        if process.start is not Start.DISABLED and _lasts(process, holding):
            name = _name(process)
            if name and "$" not in name and _can_be_written(name):
                user = process.user if process.user and _can_be_written(process.user) else None
                found.setdefault(name, _Service(name, None if user == "root" else user, str(process.at)))
    return [found[name] for name in sorted(found)]


def _lasts(process: Process, holding: set[str]) -> bool:
    name = process.program
    if name in holding or name in DAEMONS or name in OWN_FAMILY:
        return True
    if name in ONE_SHOT or name.endswith(("getty", "passwd")):
        return False
    if process.manager in (Manager.SYSTEMD, Manager.PROCD, Manager.OPENRC, Manager.INETD, Manager.XINETD):
        return not SHELLS.fullmatch(name) or process.manager is Manager.PROCD
    return name.endswith("d") and len(name) > 3


def _name(process: Process) -> str:
    """The program's, or its service's where the program is only an interpreter."""
    if not SHELLS.fullmatch(process.program):
        return process.program
    return PREFIX.sub("", process.service.removesuffix(".service"))


def _accounts(facts: Facts) -> Iterator[str]:
    accounts, keys = facts.get(Accounts), facts.get(AuthorizedKeys)
    yield from _lost(accounts, keys)
    if not isinstance(accounts, Accounts):
        return
    yield from _unread(accounts.unread)
    holders = keys if isinstance(keys, AuthorizedKeys) else None
    entering = [
        account.name
        for account in accounts.accounts
        if account.can_log_in or (account.has_login_shell and holders is not None and holders.of(account.name))
    ]
    written = [name for name in entering if _can_be_written(name)][:ROW_LIMIT]
    if not entering:
        yield "# No account can log in with a password or a key, as far as was seen."
    for position, name in enumerate(written):
        yield from [""] if position else []
        yield "# TODO decide: who needs this login, and for what? Without a reason take it out of the image."
        yield "[[account]]"
        yield from map(str, (_Pair("name", name), _Pair("login", True), _Pair("reason", None, '"workshop"')))


def _filesystem(facts: Facts) -> Iterator[str]:
    mounts, setuid = facts.get(Mounts), facts.get(SetuidPrograms)
    yield from _lost(mounts, setuid)
    yield "[filesystem]"
    yield "# TODO decide: how is the root file system verified, and which folders hold secrets?"
    yield str(_Pair("verified", None, '"verity"'))
    if isinstance(mounts, Mounts):
        yield from _unread(mounts.unread)
        root = mounts.at("/")
        if root is not None and root.is_writable:
            yield _comment(
                f"The root file system itself is mounted so that it can be written ({root.at or 'by init'})."
            )
        places = {one.target for one in mounts.mounts if one.is_writable and one.type not in KERNEL_MOUNTS}
        yield str(_Pair("writable", sorted(filter(_can_be_written, places - {"/"}))[:ROW_LIMIT]))
    if isinstance(setuid, SetuidPrograms):
        yield from _setuid(setuid)
    yield str(_Pair("encrypted", None, '["/data"]'))


def _setuid(setuid: SetuidPrograms) -> Iterator[str]:
    known = [one for one in setuid.programs if _can_be_written(one.path)]
    grave = sorted(f"/{one.path}" for one in known if power(one.name) is not None)
    programs = sorted({f"/{one.path}" for one in known} - set(grave))
    if grave:
        yield _comment(f"Left out, since each gives everybody its owner's rights: {', '.join(grave[:20])}")
    yield from ["# TODO decide: which of these must run with its owner's rights for everybody?"] if programs else []
    yield str(_Pair("setuid", programs[:ROW_LIMIT]))


def _boot(facts: Facts) -> Iterator[str]:
    known = facts.get(Entrances)
    yield from _lost(known)
    doors = known.of(Kind.CONSOLE) if isinstance(known, Entrances) else ()
    if doors:
        yield _comment(f"A login waits on a console: {', '.join(dict.fromkeys(str(door.at) for door in doors[:5]))}.")
    yield "# TODO decide: is the console off in a product, or does it show what happens and take nothing?"
    yield "# [boot]"
    yield '# console = "off"   # or output-only'


MECHANISMS = frozenset(("rauc", "swupdate", "mender", "opkg", "apt"))
"""Those that the policy has a word for."""


def _update(facts: Facts) -> Iterator[str]:
    known = facts.get(Updaters)
    yield from _lost(known)
    names = tuple(dict.fromkeys(one.name for one in known.of_system)) if isinstance(known, Updaters) else ()
    yield "# TODO decide: where do updates come from, and with which keys are they signed?"
    if not names:
        yield "# No way to update was seen."
        yield "# [update]"
        yield '# mechanism = "rauc"'
        return
    yield _comment(f"Seen: {', '.join(names)}.")
    yield "[update]"
    yield str(_Pair("mechanism", names[0] if names[0] in MECHANISMS else "other"))
    yield from (_comment(f"Configuration names {server}.") for server in _servers(facts))
    yield str(_Pair("server", None, '"https://updates.maker.example"'))
    yield str(_Pair("keys", None, '["release.pub"]'))


def _servers(facts: Facts) -> list[str]:
    known = facts.get(Destinations)
    found = known.destinations if isinstance(known, Destinations) else ()
    return [f"{one.to}, port {one.port}" for one in found if one.why == "updates"][:5]


def _rest() -> Iterator[str]:
    yield "# TODO decide: may owners or your service open the device, and by what? Without this there is no such mode."
    yield "# [modes]"
    yield '# advanced = "button"   # none, button, jumper or local-port'
    yield ""
    yield "# TODO decide: who reviewed the code, who attacked the product, and when? One table for each."
    yield "# [[review]]"
    yield '# kind = "penetration-test"'
    yield "# date = 2026-10-01"
    yield '# owner = "product security"'
