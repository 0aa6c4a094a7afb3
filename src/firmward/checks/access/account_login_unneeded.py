"""account-login-unneeded"""

from firmward.checks.service.cures.locking import is_undeclared
from firmward.facts.accounts import Account, Accounts, Password
from firmward.facts.authorized_keys import AuthorizedKeys
from firmward.facts.startup import Manager, Start, Startup
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Safety, SetField, Stage

ROOT = "root:*:0:0:root:/root:/bin/sh\n"
FIRST_PERSON = 1000
"""User ids below are the system's own."""

SHELL = "has a login shell"


@check(
    title="Login that nobody needs",
    severity=Severity.LOW,
    practice="P18 P23 P44",
    cwe=1220,
    bad=(
        Example({"etc/passwd": f"{ROOT}ftp:abOV.DfJmdnYw:14:50:ftp:/srv/ftp:/bin/sh\n"}),
        Example(
            {"etc/passwd": f"{ROOT}tester:abOV.DfJmdnYw:1001:1001::/home/tester:/bin/sh\n"},
            policy='[[account]]\nname = "service"\nlogin = true\n',
        ),
    ),
    good=(
        Example({"etc/passwd": f"{ROOT}ftp:*:14:50:ftp:/srv/ftp:/sbin/nologin\nwww:x:33:33::/var/www:/bin/false\n"}),
        Example(
            {"etc/passwd": f"{ROOT}service:abOV.DfJmdnYw:1001:1001::/home/service:/bin/sh\n"},
            policy='[[account]]\nname = "service"\nlogin = true\n',
        ),
    ),
)
def account_login_unneeded(
    accounts: Accounts,
    keys: AuthorizedKeys | None | Unknown,
    startup: Startup | None | Unknown,
    policy: Policy | None,
) -> Findings:
    """Each account that can log in is one more password to guess and one more key to lose, and nobody watches those of
    services. With a policy that declares accounts, every account that can log in and is not declared with `login =
    true` is told. Accounts of the system (user id below 1000, root aside) are told for a login shell alone: a password
    or key that is added later, or a service that is taken over, makes a login of it.
    """
    declared = {account.name for account in policy.account if account.login} if policy is not None else set()
    is_declared = policy is not None and bool(policy.account)
    for account in accounts.accounts:
        way = _way(account, keys)
        is_system = account.uid < FIRST_PERSON and account.name != "root"
        if way is None or account.name in declared or not (is_declared or is_system):
            continue
        if way == SHELL and not is_system:
            continue
        why = "the policy does not declare" if is_declared and way != SHELL else "a service's account does not need"
        yield Finding(
            account.name,
            f"{account.name} {way}, which {why}",
            at=account.at,
            remedy=_close(account, startup, policy),
        )
    unread = [account.name for account in accounts.accounts if account.password is Password.UNKNOWN]
    if unread:
        raise Unavailable(f"the passwords of {', '.join(unread[:5])} cannot be read")


def _way(account: Account, keys: AuthorizedKeys | None | Unknown) -> str | None:
    if not account.has_login_shell:
        return None
    if account.has_usable_password:
        return "can log in with a password"
    has_key = isinstance(keys, AuthorizedKeys) and keys.of(account.name)
    return "can log in with a key" if has_key else SHELL


BY_NUMBER = (Manager.SYSTEMD, Manager.PROCD, Manager.OPENRC, Manager.INETD, Manager.XINETD)
"""Who gives a service its user without asking for the user's shell; in scripts `su` may be used, which does."""


def _close(account: Account, startup: Startup | None | Unknown, policy: Policy | None) -> Remedy:
    """Safe where the policy declares accounts and not this one; root's shell is more than a login's."""
    change = SetField(account.at.path or "etc/passwd", account.name, 6, "/sbin/nologin")
    summary = f"Give {account.name} /sbin/nologin as its shell"
    processes = startup.processes if isinstance(startup, Startup) else ()
    by_shell = {one.user for one in processes if one.start is not Start.DISABLED and one.manager not in BY_NUMBER}
    is_free = isinstance(startup, Startup) and account.name not in by_shell and account.uid != 0
    if is_free and is_undeclared(account.name, policy):
        return Remedy(summary, Safety.SAFE, Stage.IMAGE, (change,))
    breaks = f"nobody logs in as {account.name}, and su and scripts run no commands by its shell"
    return Remedy(summary, Safety.UNSAFE, Stage.IMAGE, (change,), breaks)
