"""account-default-password"""

from firmward.checks.service.cures.locking import locked, of_samba
from firmward.facts.accounts import Account, Accounts
from firmward.facts.password_logins import PasswordLogins
from firmward.facts.samba_passwords import SambaPasswords
from firmward.facts.weak_passwords import Guess, GuessedPassword, Origin, WeakPasswords
from firmward.model.check import Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy

WORDS = {
    Origin.BOTNET: "is in the list that botnets try",
    Origin.COMMON: "is among the usual defaults",
    Origin.DERIVED: "is made of the account's, the host's or the product's name",
}


@check(
    title="Account with a well-known password",
    severity=Severity.CRITICAL,
    practice="P18 P44",
    cwe=1392,
    bad={"etc/passwd": "root:$1$ab12cd34$eetsqKSIG99pLM.VFvQMY1:0:0:root:/root:/bin/sh\n"},
    good={"etc/passwd": "root:*:0:0:root:/root:/bin/sh\n"},
)
def account_default_password(
    weak: WeakPasswords,
    accounts: Accounts,
    logins: PasswordLogins | None | Unknown,
    samba: SambaPasswords | None | Unknown,
    policy: Policy | None,
) -> Findings:
    """Botnets try some hundred pairs of user and password on every address of the internet, many times a day; a device
    that has one of them is taken over within minutes, and all of its model with it. The password itself is not shown.
    It is medium where nothing that starts asks for this account's password, and for an account without a login shell.
    An account whose hash could not be tried out, for its cost or for want of a libcrypt, leaves the question unknown.
    """
    for password in weak.passwords:
        account = accounts.get(password.account)
        if password.guess is Guess.GUESSED and password.origin is not None and account is not None:
            yield Finding(
                account.name,
                f"the password of {account.name} {WORDS[password.origin]}",
                at=password.at,
                remedy=_lock(account, password, policy),
                severity=_severity(account, logins),
            )
    yield from _of_samba(samba)
    untried = [
        f"{password.account}: {password.reason}" for password in weak.passwords if password.guess is Guess.UNTRIED
    ]
    untried += [samba.reason] if isinstance(samba, Unknown) else samba.unread if samba is not None else ()
    if untried or accounts.unread:
        raise Unavailable("; ".join((*untried, *accounts.unread)))


def _of_samba(samba: SambaPasswords | None | Unknown) -> Findings:
    for password in samba.passwords if isinstance(samba, SambaPasswords) else ():
        if password.origin is not None:
            yield Finding(
                f"samba {password.account}",
                f"the password of Samba's {password.account} {WORDS[password.origin]}",
                at=password.at,
                remedy=of_samba(password),
                severity=Severity.MEDIUM if password.is_locked else None,
            )


def _severity(account: Account, logins: PasswordLogins | None | Unknown) -> Severity | None:
    if not account.has_login_shell:
        return Severity.MEDIUM
    return logins.severity(account.name) if isinstance(logins, PasswordLogins) else None


def _lock(account: Account, password: GuessedPassword, policy: Policy | None) -> Remedy:
    summary = f"Lock the password of {account.name}, or give each device its own in manufacture"
    return locked(summary, password.at.path, account.name, policy)
