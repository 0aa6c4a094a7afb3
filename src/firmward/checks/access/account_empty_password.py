"""account-empty-password"""

from firmward.checks.service.cures.locking import locked
from firmward.facts.accounts import Account, Accounts, Password
from firmward.facts.password_logins import PasswordLogins
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy


@check(
    title="Account with an empty password",
    severity=Severity.CRITICAL,
    practice="P18 P44",
    cwe=258,
    bad=(
        Example({"etc/passwd": "root::0:0:root:/root:/bin/sh\n"}),
        Example({"etc/passwd": "root:x:0:0:root:/root:/bin/ash\n", "etc/shadow": "root::0:0:99999:7:::\n"}),
    ),
    good={"etc/passwd": "root:x:0:0:root:/root:/bin/sh\n", "etc/shadow": "root:*:19000:0:99999:7:::\n"},
)
def account_empty_password(
    accounts: Accounts, logins: PasswordLogins | None | Unknown, policy: Policy | None
) -> Findings:
    """Whoever reaches a login prompt of the device, on the serial console, by telnet or by SSH where it allows it, is
    in with the name alone. It is medium where nothing that starts asks for this account's password, and for an account
    without a login shell: `su` and services that check passwords still take it.
    """
    for account in accounts.accounts:
        if account.password is Password.EMPTY:
            ways = logins.open_to(account.name, empty=True) if isinstance(logins, PasswordLogins) else ()
            yield Finding(
                account.name,
                f"{account.name} has an empty password{_asked(ways)}",
                at=account.password_at,
                remedy=_lock(account, policy),
                severity=_severity(account, logins),
            )
    unread = [account.name for account in accounts.accounts if account.password is Password.UNKNOWN]
    if unread:
        raise Unavailable(f"the passwords of {', '.join(unread[:5])} cannot be read: {'; '.join(accounts.unread)}")


def _asked(ways: tuple[str, ...]) -> str:
    return f", with which {', '.join(ways)} let{'s' if len(ways) == 1 else ''} anyone in" if ways else ""


def _severity(account: Account, logins: PasswordLogins | None | Unknown) -> Severity | None:
    if not account.has_login_shell:
        return Severity.MEDIUM
    return logins.severity(account.name, empty=True) if isinstance(logins, PasswordLogins) else None


def _lock(account: Account, policy: Policy | None) -> Remedy:
    summary = f"Lock the password of {account.name} and let people in with a key or a password of each device's own"
    return locked(summary, account.password_at.path, account.name, policy)
