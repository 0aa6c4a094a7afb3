"""account-extra-root"""

from firmward.checks.service.cures.locking import is_undeclared
from firmward.facts.accounts import Account, Accounts, Password
from firmward.facts.startup import Start, Startup
from firmward.model.check import Findings, check
from firmward.model.facts import Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.policy import Policy
from firmward.model.remedy import Change, Remedy, RemoveRecord, Safety, Stage

TABLE = "root:x:0:0:root:/root:/bin/sh\n"


@check(
    title="Second account with root's rights",
    severity=Severity.CRITICAL,
    practice="P18 P44",
    cwe=250,
    bad={"etc/passwd": f"{TABLE}service:$1$ab12cd34$eetsqKSIG99pLM.VFvQMY1:0:0::/tmp:/bin/sh\n"},
    good={"etc/passwd": f"{TABLE}service:!:1000:1000::/home/service:/bin/sh\n"},
)
def account_extra_root(accounts: Accounts, startup: Startup | Unknown | None, policy: Policy | None) -> Findings:
    """An account with user id 0 is root under another name. It escapes what is done about root: the locked password,
    PermitRootLogin, the log. It is the classic form of a vendor's back door. One that nobody can log in to is low: a
    key, `su` or a changed shadow still makes it root.
    """
    for account in accounts.accounts:
        if account.uid == 0 and account.name != "root":
            is_closed = not account.can_log_in and account.password is not Password.UNKNOWN
            yield Finding(
                account.name,
                f"{account.name} has user id 0, it is root",
                at=account.at,
                remedy=_remedy(account, startup, policy),
                severity=Severity.LOW if is_closed else None,
            )


def _remedy(account: Account, startup: Startup | Unknown | None, policy: Policy | None) -> Remedy:
    """Safe where the policy does not declare it, and nothing starts under its name."""
    tables = dict.fromkeys(at.path for at in (account.at, account.password_at) if at.path)
    changes: tuple[Change, ...] = tuple(RemoveRecord(path, account.name) for path in tables)
    summary = f"Remove {account.name} or give it a user id of its own"
    processes = startup.processes if isinstance(startup, Startup) else ()
    users = {one.user for one in processes if one.start is not Start.DISABLED}
    if is_undeclared(account.name, policy) and isinstance(startup, Startup) and account.name not in users:
        return Remedy(summary, Safety.SAFE, Stage.IMAGE, changes)
    return Remedy(summary, Safety.UNSAFE, Stage.IMAGE, changes, f"nobody logs in, and nothing runs, as {account.name}")
