"""What the policy declares that the device does, as far as an image shows that it does it: hardening may not end it."""

import re
from collections.abc import Iterator

from firmward.facts.accounts import Accounts
from firmward.facts.listeners import Listeners
from firmward.facts.startup import Startup
from firmward.model.facts import Facts, Unavailable, Unknown
from firmward.model.policy import Policy
from firmward.model.tree import Tree

FAMILIES = (Listeners, Accounts)
"""What `functions` reads."""
ITSELF = re.compile(r"(?:(?P<scheme>https?)://)?(?:127\.0\.0\.1|localhost|\[::1\])(?:[: ](?P<port>\d{1,5})\b)?")
"""The device's own address, with a port behind it as a URL or `nc` has it."""
SCHEMES = {"http": 80, "https": 443}
SCRIPT_LIMIT = 256 << 10


def functions(tree: Tree, facts: Facts, policy: Policy | None) -> frozenset[str]:
    """Each in the words in which its end is told."""
    return frozenset() if policy is None else frozenset(_functions(tree, facts, policy))


def _functions(tree: Tree, facts: Facts, policy: Policy) -> Iterator[str]:
    known = facts.get(Listeners)
    sockets = known if isinstance(known, Listeners) else Listeners(())
    opened = {(one.protocol, one.port) for one in sockets.listeners}
    reachable = {(one.protocol, one.port) for one in sockets.reachable}
    for one in policy.listen:
        said = f"{one.service or 'something'} listens on {one.protocol}/{one.port}"
        if (one.protocol, one.port) in (opened if one.peer == "local" else reachable):
            yield said
        elif (one.protocol, one.port) in opened:
            yield f"{said} for the device itself"
    accounts = facts.get(Accounts)
    for declared in policy.account:
        account = accounts.get(declared.name) if isinstance(accounts, Accounts) else None
        if account is not None and declared.login and account.has_login_shell:
            yield f"{declared.name} can log in"
    for command in () if policy.update is None else policy.update.health:
        program = _program(command)
        if program.startswith("/") and tree.is_file(program.strip("/")):
            yield f"{command} tells whether an update is healthy"
            called = {("tcp", port) for port in _called(command, tree)}
            yield from (f"{command} finds {protocol}/{port} open" for protocol, port in sorted(called & opened))


def _called(command: str, tree: Tree) -> Iterator[int]:
    """The ports of the device itself that a command or its script names."""
    try:
        text = tree.text(_program(command).strip("/"), SCRIPT_LIMIT) or ""
    except Unavailable:
        text = ""
    for found in ITSELF.finditer(f"{command}\n{text if text.startswith('#!') else ''}"):
        yield int(found["port"]) if found["port"] else SCHEMES.get(found["scheme"], 0)


def missing(tree: Tree, facts: Facts, policy: Policy | None) -> Iterator[str]:
    """What the policy declares and the image does not show, one sentence each: it may be a name that is misspelt."""
    if policy is None:
        return
    known = facts.get(Listeners)
    if isinstance(known, Listeners) and not known.unread:
        opened = {(one.protocol, one.port) for one in known.listeners}
        for one in policy.listen:
            if (one.protocol, one.port) not in opened:
                whose = f", which is to be {one.service}'s" if one.service else ""
                yield f"[[listen]] declares {one.protocol}/{one.port}{whose}, and nothing here opens it"
    accounts = facts.get(Accounts)
    for declared in policy.account:
        if isinstance(accounts, Accounts) and accounts.get(declared.name) is None:
            yield f"[[account]] declares {declared.name}, and there is no such account here"
    for command in () if policy.update is None else policy.update.health:
        program = _program(command)
        if program.startswith("/") and not tree.is_file(program.strip("/")):
            yield f"[update] health asks {program}, which is not here"


def unknown_start(facts: Facts) -> str | None:
    """What is to be said where it is not known what starts: no service is changed then."""
    known = facts.get(Startup)
    if isinstance(known, Startup) and known.blind is None:
        return None
    why = known.blind if isinstance(known, Startup) else known.reason if isinstance(known, Unknown) else None
    because = f" ({why})" if why else ""
    return f"no init system that firmward knows was found{because}: what starts is left as it is"


def _program(command: str) -> str:
    return next(iter(command.split()), "")
