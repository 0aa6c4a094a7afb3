"""A password that opens nothing any more: `*` in its field, which no password fits, and keys still do.

Safe where the policy declares accounts and not this one as a login. An account without a login shell may still be one
of FTP's, of a mail or of a web server that asks the system's table, so that alone says nothing.
"""

from firmward.facts.samba_passwords import SambaPassword
from firmward.model.policy import Policy
from firmward.model.remedy import Change, Remedy, RemoveRecord, Safety, SetField, Stage

PASSWORD = 1
"""The field in passwd and shadow."""


def locked(summary: str, path: str | None, name: str, policy: Policy | None) -> Remedy:
    changes: tuple[Change, ...] = (SetField(path or "etc/shadow", name, PASSWORD, "*"),)
    if is_undeclared(name, policy):
        return Remedy(summary, Safety.SAFE, Stage.IMAGE, changes)
    breaks = f"nobody logs in as {name} with a password any more, on a console, over the network or at a service"
    return Remedy(summary, Safety.UNSAFE, Stage.IMAGE, changes, breaks)


def is_undeclared(name: str, policy: Policy | None) -> bool:
    """Whether the policy declares accounts, and no login of this name."""
    if policy is None or not policy.account:
        return False
    return name not in {one.name for one in policy.account if one.login}


def of_samba(password: SambaPassword) -> Remedy:
    """Samba's table of text loses the record; its database is changed by its own tools alone."""
    name, path = password.account, password.at.path or ""
    summary = f"Ship no password of {name}: add the account on each device, with a password of its own (smbpasswd -a)"
    if path.endswith(".tdb"):
        return Remedy(summary, Safety.MANUAL, Stage.SOURCE)
    changes: tuple[Change, ...] = (RemoveRecord(path, name),)
    if password.is_locked:
        return Remedy(summary, Safety.SAFE, Stage.IMAGE, changes)
    return Remedy(summary, Safety.UNSAFE, Stage.IMAGE, changes, f"{name} does not reach the shares before that")
