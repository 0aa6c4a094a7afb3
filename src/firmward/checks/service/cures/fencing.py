"""The right to write that is taken away from everybody but root.

Safe for what only root has to write: programs, libraries, units, scripts, hooks and tables where the system's own lie.
Elsewhere a service with a user of its own may write there; where the policy says what services write, that counts.
"""

from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Safety, SetMode, Stage

SUMMARY = "Take the right to write away from others"
TO_ROOT = "Give it to root, and take the right to write away from others"
ROOTS_OWN = (
    *(
        "bin/",
        "sbin/",
        "lib/",
        "lib32/",
        "lib64/",
        "usr/bin/",
        "usr/sbin/",
        "usr/lib/",
        "usr/libexec/",
        "usr/local/bin/",
    ),
    *(
        "usr/local/sbin/",
        "usr/local/lib/",
        "boot/",
        "etc/init.d/",
        "etc/rc",
        "etc/inittab",
        "etc/systemd/",
        "etc/udev/",
    ),
    *("etc/cron", "etc/periodic/", "etc/network/", "etc/ppp/", "etc/hotplug", "etc/mdev", "etc/profile", "etc/ld.so"),
    *("etc/modprobe.d/", "etc/modules", "etc/sysctl", "etc/pam.d/", "etc/sudoers", "etc/passwd", "etc/shadow"),
    *("etc/group", "etc/gshadow", "etc/runlevels/", "etc/conf.d/", "etc/default/", "etc/NetworkManager/", "etc/udhcpc"),
    *("etc/logrotate", "etc/local.d/", "etc/fstab", "etc/crypttab", "etc/ssh/", "etc/dropbear/", "usr/share/udhcpc/"),
)


def fenced(path: str, mode: int, policy: Policy | None, *, owner: int | None = None, by: str = SUMMARY) -> Remedy:
    """`owner` is whom it is given to, None where it keeps its own."""
    changes = (SetMode(path, mode, owner, owner),)
    if f"{path}/".startswith(ROOTS_OWN) or _is_undeclared(path, policy):
        return Remedy(by, Safety.SAFE, Stage.IMAGE, changes)
    breaks = f"a service with a user of its own that writes to /{path} cannot do so any more"
    return Remedy(by, Safety.UNSAFE, Stage.IMAGE, changes, breaks)


def _is_undeclared(path: str, policy: Policy | None) -> bool:
    """Whether the policy says what services write, and this is not among it."""
    writes = [place for one in (policy.service if policy is not None else ()) for place in one.writes]
    return bool(writes) and not any(
        f"/{path}/".startswith(f"{place.rstrip('/')}/") or f"{place.rstrip('/')}/".startswith(f"/{path}/")
        for place in writes
    )
