"""su-unrestricted"""

from firmward.facts.accounts import Accounts
from firmward.facts.process import is_multi_call
from firmward.facts.su import Su
from firmward.model.check import Example, Findings, check
from firmward.model.finding import Finding, Severity
from firmward.model.memory import executable, link
from firmward.model.remedy import Remedy, Safety, SetMode, Stage

TABLE = (
    "root:$6$ab12cd34$fGSACmPv5mSYt7B.DAHRLvXzSm0KEn3LPqb5lpQKMFAAn.bdtG6hkWioG8F8fswXeoF4FHqwvqOBZP4zknlu80"
    ":0:0:root:/root:/bin/sh\noperator:!:1000:1000::/home/operator:/bin/sh\n"
)


@check(
    title="Everybody may try root's password with su",
    severity=Severity.LOW,
    practice="P23",
    cwe=250,
    bad=(
        Example({"etc/passwd": TABLE, "bin/su": executable(b"\x7fELF", 0o4755)}),
        Example(
            {"etc/passwd": TABLE, "bin/busybox": executable(b"\x7fELF", 0o4755), "bin/su": link("busybox")},
        ),
    ),
    good=(
        Example({"etc/passwd": TABLE, "bin/su": executable(b"\x7fELF", 0o4750)}),
        Example({"etc/passwd": TABLE, "bin/su": executable(b"\x7fELF", 0o755)}),
        Example(
            {
                "etc/passwd": TABLE,
                "bin/su": executable(b"\x7fELF", 0o4755),
                "etc/pam.d/su": "auth required pam_wheel.so use_uid\n",
            }
        ),
        Example(
            {
                "etc/passwd": TABLE,
                "bin/su": executable(b"\x7fELF", 0o4755),
                "etc/login.defs": "SU_WHEEL_ONLY no\nSU_WHEEL_ONLY yes\n",
            }
        ),
    ),
)
def su_unrestricted(su: Su, accounts: Accounts) -> Findings:
    """With a setuid su that all may run, a program that falls can guess at root's password on the device, at leisure
    and past all limits of the network logins. A group that may run it, by its mode, pam_wheel or login.defs, keeps
    services out. Where root's password is locked there is nothing to guess, and it is told for information only.
    """
    root = accounts.get("root")
    others = [account for account in accounts.accounts if account.uid != 0]
    if not su.is_setuid or su.is_confined or not others or root is None:
        return
    is_busybox = is_multi_call(su.path) or su.path.endswith("bbsuid")
    names = [account.name for account in others if account.has_login_shell][:5]
    locked = "" if root.has_usable_password else "; root's password is locked"
    yield Finding(
        su.at.path or "su",
        f"{su.at} has mode {su.mode:04o}: {', '.join([*names, 'every service'])} may run it{locked}",
        at=su.at,
        remedy=Remedy(
            "Remove su, or build it as a program of its own for a group" if is_busybox else "Let a group run it only",
            Safety.UNSAFE,
            Stage.IMAGE,
            () if is_busybox else (SetMode(su.path, 0o4750),),
        ),
        severity=None if root.has_usable_password else Severity.INFO,
    )
