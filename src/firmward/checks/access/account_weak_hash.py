"""account-weak-hash"""

from firmward.facts.accounts import Accounts
from firmward.model.check import Findings, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.remedy import Remedy, Safety, Stage


@check(
    title="Password kept under a weak hash",
    severity=Severity.HIGH,
    practice="P18 P44",
    cwe=916,
    bad={"etc/passwd": "root:abOV.DfJmdnYw:0:0:root:/root:/bin/sh\n"},
    good={
        "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
        "etc/shadow": "root:$6$ab12cd34$fGSACmPv5mSYt7B.DAHRLvXzSm0KEn3LPqb5lpQKMFAAn.bdtG6hkWioG8F8fswXeoF4FHqwvqOBZP4"
        "zknlu80:19000:0:99999:7:::\n",
    },
)
def account_weak_hash(accounts: Accounts) -> Findings:
    """An image is easily had: from the update server or out of the flash. One graphics card tries every password of
    eight letters against DES or NT within hours and against MD5 within days, and the one that is found opens every
    device of the model. A field that is no hash at all is told as well: a vendor's own login may compare it as plain
    text. An account that cannot log in, and a group, matter less.
    """
    for account in accounts.accounts:
        if account.has_weak_hash:
            readable = ", which every user can read" if account.in_passwd else ""
            yield Finding(
                account.name,
                f"the password of {account.name} is hashed with {account.scheme}{readable}",
                at=account.password_at,
                remedy=_rehash(account.name),
                severity=None if account.has_login_shell else Severity.LOW,
            )
        elif account.is_unhashed:
            yield Finding(
                account.name,
                f"the password field of {account.name} holds neither a hash nor a lock",
                at=account.password_at,
                remedy=_rehash(account.name),
                severity=Severity.MEDIUM,
            )
    for group in accounts.groups:
        if group.has_weak_hash:
            yield Finding(
                f"group {group.name}",
                f"the password of group {group.name} is hashed with {group.scheme}",
                at=group.at,
                remedy=_rehash(f"group {group.name}"),
                severity=Severity.LOW,
            )
    if accounts.unread:
        raise Unavailable("; ".join(accounts.unread))


def _rehash(name: str) -> Remedy:
    return Remedy(
        f"Give {name} a new password under yescrypt or SHA-512 (`mkpasswd -m sha512crypt`), or lock it",
        Safety.MANUAL,
        Stage.SOURCE,
    )
