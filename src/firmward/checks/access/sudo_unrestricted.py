"""sudo-unrestricted"""

from collections.abc import Iterator

from firmward.facts.accounts import Account, Accounts
from firmward.facts.sudoers import Rule, Sudoers
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.remedy import Remedy, Safety, Stage

TABLE = "root:*:0:0:root:/root:/bin/sh\nwww:!:33:33::/var/www:/bin/false\noperator:!:1000:1000::/home/o:/bin/sh\n"
GROUP = "root:x:0:\nwww:x:33:\noperator:x:1000:\nwheel:x:10:operator\nadm:x:4:\n"


@check(
    title="Root without a password by sudo or doas",
    severity=Severity.MEDIUM,
    practice="P23",
    cwe=250,
    bad=(
        Example({"etc/passwd": TABLE, "etc/sudoers": "www ALL=(ALL) NOPASSWD: ALL\n"}),
        Example({"etc/passwd": TABLE, "etc/group": GROUP, "etc/sudoers": "%wheel ALL=(ALL:ALL) NOPASSWD: ALL\n"}),
        Example({"etc/passwd": TABLE, "etc/doas.conf": "permit nopass operator\n"}),
    ),
    good=(
        Example({"etc/passwd": TABLE, "etc/sudoers": "operator ALL=(ALL) ALL\nwww ALL=NOPASSWD: /sbin/reboot\n"}),
        Example({"etc/passwd": TABLE, "etc/group": GROUP, "etc/sudoers": "%adm ALL=(ALL) NOPASSWD: ALL\n"}),
        Example({"etc/passwd": TABLE, "etc/doas.conf": "permit nopass operator cmd /sbin/reboot\n"}),
    ),
)
def sudo_unrestricted(sudoers: Sudoers, accounts: Accounts | None | Unknown) -> Findings:
    """A hole in any program of this account is root's at once: the separation of users is given up. It is told for
    accounts that exist and groups that have members, by the rule that decides in the end, and for a shell as the
    command too.
    """
    if isinstance(accounts, Unknown):
        raise Unavailable(accounts.reason)
    meant: dict[tuple[Rule, str], list[str]] = {}
    for account in accounts.accounts if accounts is not None else ():
        for found in _decisive(sudoers, account):
            meant.setdefault(found, []).append(account.name)
    told = set()
    for (rule, subject), names in meant.items():
        key = f"{rule.tool} {subject}"
        if key not in told:
            told.add(key)
            yield _finding(key, rule, subject, names)
    unread = (*sudoers.unread, *(accounts.unread if accounts is not None else ()))
    if unread:
        raise Unavailable("; ".join(unread))


def _decisive(sudoers: Sudoers, account: Account) -> Iterator[tuple[Rule, str]]:
    for tool in ("sudo", "doas"):
        found = sudoers.decisive(account, tool) if account.uid != 0 else None
        if found is not None and found[0].allowed and not found[0].password:
            yield found


def _finding(key: str, rule: Rule, subject: str, names: list[str]) -> Finding:
    members = "" if subject == names[0] else f" ({', '.join(names[:5])}{' and more' if len(names) > 5 else ''})"
    what = "anything" if rule.command == "ALL" else rule.command
    return Finding(
        key,
        f"{subject}{members} may run {what} as root by {rule.tool} without a password",
        at=rule.at,
        remedy=Remedy(
            f"Name the commands that {subject} needs, with their arguments, or ask for a password",
            Safety.MANUAL,
            Stage.SOURCE,
        ),
    )
