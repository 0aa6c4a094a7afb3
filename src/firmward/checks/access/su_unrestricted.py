"""su-unrestricted"""

from firmward.facts.accounts import Accounts
from firmward.facts.process import is_multi_call
from firmward.facts.su import Su
from firmward.model.check import Example, Findings, check
from firmward.model.finding import Finding, Severity
from firmward.model.memory import executable, link
from firmward.model.policy import Policy
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
def su_unrestricted(su: Su, accounts: Accounts, policy: Policy | None) -> Findings:
    """With a setuid su that all may run, a program that falls can guess at root's password on the device, at leisure
    and past all limits of the network logins. A group that may run it, by its mode, pam_wheel or login.defs, keeps
    services out. Where root's password is locked there is nothing to guess, and it is told for information only.
    """
    root = accounts.get("root")
    others = [account for account in accounts.accounts if account.uid != 0]
    if not su.is_setuid or su.is_confined or not others or root is None:
        return
    names = [account.name for account in others if account.has_login_shell][:5]
    locked = "" if root.has_usable_password else "; root's password is locked"
    yield Finding(
        su.at.path or "su",
        f"{su.at} has mode {su.mode:04o}: {', '.join([*names, 'every service'])} may run it{locked}",
        at=su.at,
        remedy=_remedy(su, policy),
        severity=None if root.has_usable_password else Severity.INFO,
    )


def _remedy(su: Su, policy: Policy | None) -> Remedy:
    """Safe where the policy lists what may be setuid, and not this."""
    if is_multi_call(su.path) or su.path.endswith("bbsuid"):
        summary = "Take the bit away from BusyBox, or build su as a program of its own for a group"
        mode = su.mode & ~0o6000
        breaks = "su, and all other applets that need root's rights (passwd, ping, mount), work for root alone"
    else:
        summary, mode = "Let a group run it only", 0o4750
        breaks = "who is not in the group that the file has cannot change to another user with a password"
    listed = policy.filesystem.setuid if policy is not None and policy.filesystem is not None else None
    is_named = listed is None or {path.strip("/") for path in listed} & {su.path, su.at.path or ""}
    if not is_named:
        return Remedy("Take the bit away", Safety.SAFE, Stage.IMAGE, (SetMode(su.path, su.mode & 0o1777),))
    return Remedy(summary, Safety.UNSAFE, Stage.IMAGE, (SetMode(su.path, mode),), breaks)
