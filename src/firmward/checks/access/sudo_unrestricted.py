"""sudo-unrestricted"""

import re
from collections.abc import Iterator

from firmward.facts.accounts import Account, Accounts
from firmward.facts.sudoers import Rule, Sudoers
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.remedy import Remedy, RemoveLine, ReplaceLine, Safety, Stage

TABLE = "root:*:0:0:root:/root:/bin/sh\nwww:!:33:33::/var/www:/bin/false\noperator:!:1000:1000::/home/o:/bin/sh\n"
GROUP = "root:x:0:\nwww:x:33:\noperator:x:1000:\nwheel:x:10:operator\nadm:x:4:\n"

SILENT = {"sudo": re.compile(r"\bNOPASSWD\s*:\s*"), "doas": re.compile(r"(?<=\s)nopass\s+")}
"""The word by tool that lets in without a password."""

DEFAULT = re.compile(r"\s*Defaults\S*\s+!\s*authenticate\s*")
TEXT_LIMIT = 2048
"""Characters of a line that is quoted in a remedy."""


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
        remedy=_remedy(rule, subject),
    )


def _remedy(rule: Rule, subject: str) -> Remedy:
    """The word that asks for no password goes, or the default that says it and nothing else; in an alias or on several
    lines a person has to look."""
    summary = f"Name the commands that {subject} needs, with their arguments, or ask for a password"
    change = _change(rule)
    if change is None:
        return Remedy(summary, Safety.MANUAL, Stage.SOURCE)
    breaks = f"what {subject} does by {rule.tool} without anybody who types a password fails"
    return Remedy(summary, Safety.UNSAFE, Stage.IMAGE, (change,), breaks)


def _change(rule: Rule) -> RemoveLine | ReplaceLine | None:
    at, text = rule.silenced or rule.at, rule.text
    if at.path is None or at.line is None or len(text) > TEXT_LIMIT:
        return None
    if rule.silenced is not None:
        return RemoveLine(at.path, at.line, text) if DEFAULT.fullmatch(text) else None
    asking = SILENT[rule.tool].sub("", text)
    return None if asking == text or text.endswith("\\") else ReplaceLine(at.path, at.line, text, asking)
