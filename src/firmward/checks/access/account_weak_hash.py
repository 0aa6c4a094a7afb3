"""account-weak-hash"""

from firmward.checks.service.cures.locking import PASSWORD, locked, of_samba
from firmward.facts.accounts import Account, Accounts, Group
from firmward.facts.samba_passwords import SambaPassword, SambaPasswords
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Safety, SetField, Stage

SMBPASSWD = f"line:1000:{'X' * 32}:2E8F1A5C7D90B3461FA8C27E5D6B4093:[U          ]:LCT-66A1B2C3:\n"


@check(
    title="Password kept under a weak hash",
    severity=Severity.HIGH,
    practice="P18 P44",
    cwe=916,
    bad=(
        Example({"etc/passwd": "root:abOV.DfJmdnYw:0:0:root:/root:/bin/sh\n"}),
        Example({"etc/passwd": "root:*:0:0::/root:/bin/sh\n", "etc/samba/smbpasswd": SMBPASSWD}),
    ),
    good=(
        Example(
            {
                "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
                "etc/shadow": "root:$6$ab12cd34$fGSACmPv5mSYt7B.DAHRLvXzSm0KEn3LPqb5lpQKMFAAn.bdtG6hkWioG8F8fswXeoF4FH"
                "qwvqOBZP4zknlu80:19000:0:99999:7:::\n",
            }
        ),
        Example({"etc/passwd": "root:*:0:0::/root:/bin/sh\n", "etc/samba/smbpasswd": f"# {SMBPASSWD}"}),
    ),
)
def account_weak_hash(accounts: Accounts, samba: SambaPasswords | None | Unknown, policy: Policy | None) -> Findings:
    """An image is easily had: from the update server or out of the flash. One graphics card tries every password of
    eight letters against DES or NT within hours and against MD5 within days, and the one that is found opens every
    device of the model. A field that is no hash at all is told as well: a vendor's own login may compare it as plain
    text. Samba's accounts count by their smbpasswd. An account that cannot log in, and a group, matter less.
    """
    for account in accounts.accounts:
        if account.has_weak_hash:
            readable = ", which every user can read" if account.in_passwd else ""
            yield Finding(
                account.name,
                f"the password of {account.name} is hashed with {account.scheme}{readable}",
                at=account.password_at,
                remedy=_rehash(account, policy),
                severity=None if account.has_login_shell else Severity.LOW,
            )
        elif account.is_unhashed:
            yield Finding(
                account.name,
                f"the password field of {account.name} holds neither a hash nor a lock",
                at=account.password_at,
                remedy=_rehash(account, policy),
                severity=Severity.MEDIUM,
            )
    for group in accounts.groups:
        if group.has_weak_hash:
            yield Finding(
                f"group {group.name}",
                f"the password of group {group.name} is hashed with {group.scheme}",
                at=group.at,
                remedy=_of_group(group),
                severity=Severity.LOW,
            )
    for password in samba.passwords if isinstance(samba, SambaPasswords) else ():
        yield _of_samba(password)
    unread = (*accounts.unread, *_unread(samba))
    if unread:
        raise Unavailable("; ".join(unread))


def _unread(samba: SambaPasswords | None | Unknown) -> tuple[str, ...]:
    if isinstance(samba, Unknown):
        return (samba.reason,)
    return samba.unread if samba is not None else ()


def _of_samba(password: SambaPassword) -> Finding:
    older = " and the older LANMAN hash" if password.has_lanman else ""
    return Finding(
        f"samba {password.account}",
        f"Samba keeps the password of {password.account} as an NT hash{older}, without a salt",
        at=password.at,
        remedy=of_samba(password),
        severity=Severity.LOW if password.is_locked else None,
    )


def _rehash(account: Account, policy: Policy | None) -> Remedy:
    summary = f"Give {account.name} a new password under yescrypt or SHA-512 (`mkpasswd -m sha512crypt`), or lock it"
    return locked(summary, account.password_at.path, account.name, policy)


def _of_group(group: Group) -> Remedy:
    return Remedy(
        f"Lock the password of the group {group.name}: members need none",
        Safety.UNSAFE,
        Stage.IMAGE,
        (SetField(group.at.path or "etc/group", group.name, PASSWORD, "*"),),
        f"newgrp lets nobody into {group.name} who is no member",
    )
