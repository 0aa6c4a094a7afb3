"""account-extra-root"""

from firmward.facts.accounts import Accounts, Password
from firmward.model.check import Findings, check
from firmward.model.finding import Finding, Severity
from firmward.model.remedy import Remedy, RemoveRecord, Safety, Stage

TABLE = "root:x:0:0:root:/root:/bin/sh\n"


@check(
    title="Second account with root's rights",
    severity=Severity.CRITICAL,
    practice="P18 P44",
    cwe=250,
    bad={"etc/passwd": f"{TABLE}service:$1$ab12cd34$eetsqKSIG99pLM.VFvQMY1:0:0::/tmp:/bin/sh\n"},
    good={"etc/passwd": f"{TABLE}service:!:1000:1000::/home/service:/bin/sh\n"},
)
def account_extra_root(accounts: Accounts) -> Findings:
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
                remedy=Remedy(
                    f"Remove {account.name} or give it a user id of its own",
                    Safety.UNSAFE,
                    Stage.IMAGE,
                    (RemoveRecord(account.at.path or "etc/passwd", account.name),),
                ),
                severity=Severity.LOW if is_closed else None,
            )
