"""hook-directory-writable"""

from collections.abc import Iterable

from firmward.checks.service.cures.fencing import TO_ROOT, fenced
from firmward.checks.service.cures.unlinking import unlinked
from firmward.facts.hooks import Hook, Hooks
from firmward.facts.writable import Ground, Opening, Writable
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.memory import Content, Node, executable, link
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Safety, Stage
from firmward.model.tree import Kind

SHOWN = 5
"""Places named of one file system."""

PASSWD = "root:x:0:0::/root:/bin/sh\ncam:x:990:990::/:/bin/false\n"  # noqa: S105 - the account's line
READ_ONLY = "/dev/mmcblk0p2 / squashfs ro 0 0\n/dev/mmcblk0p4 /data ext4 nosuid,nodev 0 2\n"
INIT = "::sysinit:/bin/mount -a\n"
ELF = executable(b"\x7fELF\x02\x01\x01")
UDEV: dict[str, Content] = {
    "usr/lib/systemd/systemd-udevd": ELF,
    "etc/udev/rules.d/90-cam.rules": 'RUN+="/usr/bin/cam"\n',
}
MOVE = Remedy(
    "Keep hook and plug-in folders in the read-only, verified part, or point the program at a folder there",
    Safety.MANUAL,
    Stage.SOURCE,
)


@check(
    title="Hooks of privileged programs can be changed by others",
    severity=Severity.HIGH,
    practice="P15",
    cwe=732,
    bad=(
        Example({
            **UDEV,
            "etc/passwd": PASSWD,
            "etc/udev/rules.d": Node(kind=Kind.DIRECTORY, mode=0o755, uid=990),
        }),
        Example({
            "usr/sbin/pppd": ELF,
            "etc/passwd": PASSWD,
            "etc/group": "cam:x:990:\n",
            "etc/ppp/ip-up.d/9cam": Node("#!/bin/sh\n", 0o775, gid=990),
        }),
        Example({
            "bin/busybox": ELF,
            "sbin/mdev": link("/bin/busybox"),
            "etc/mdev.conf": "sd[a-z] 0:6 660 */lib/mdev/disk.sh\n",
            "lib/mdev": Node(kind=Kind.DIRECTORY, mode=0o777),
        }),
        Example({
            "etc/samba/smb.conf": "[global]\n   include = /etc/samba/shares.conf\n",
            "etc/samba/shares.conf": "[exchange]\n   root preexec = /srv/hooks/connect.sh %u\n",
            "srv/hooks/connect.sh": Node("#!/bin/sh\n", 0o777),
        }),
        Example({
            "etc/inittab": INIT,
            "etc/fstab": READ_ONLY,
            "sbin/dhcpcd": ELF,
            "etc/dhcpcd.enter-hook": link("/data/dhcpcd.hook"),
        }),
        Example({
            "etc/inittab": INIT,
            "etc/fstab": READ_ONLY + "overlay /etc overlay lowerdir=/etc,upperdir=/data/etc,workdir=/data/work 0 0\n",
            **UDEV,
        }),
    ),
    good=(
        Example({
            **UDEV,
            "etc/inittab": INIT,
            "etc/passwd": PASSWD,
            "etc/group": "crontab:x:101:\n",
            "usr/sbin/cron": ELF,
            "var/spool/cron/crontabs": Node(kind=Kind.DIRECTORY, mode=0o1730, gid=101),
            "var/spool/cron/crontabs/cam": Node("@daily /usr/bin/true\n", 0o600, uid=990, gid=101),
        }),
        Example({
            "etc/inittab": INIT,
            "etc/fstab": READ_ONLY + "overlay /etc overlay lowerdir=/etc,upperdir=/run/etc,workdir=/run/work 0 0\n"
            "tmpfs /run tmpfs nosuid,nodev 0 0\n",
            **UDEV,
            "sbin/dhcpcd": ELF,
            "etc/dhcpcd.enter-hook": link("../usr/share/dhcpcd.hook"),
        }),
    ),
)  # fmt: skip
def hook_directory_writable(hooks: Hooks, writable: Writable, policy: Policy | None) -> Findings:
    """A folder whose files root runs, loads or obeys is as good as root's password: who may write it waits for the
    next lease, the next plugged-in device, the next hour. So it must be root's, with all folders above and all files
    in it, and where the root file system is read-only it must not lie on a writable one. A service's own user or
    group counts like everybody.
    """
    own = [hook for hook in hooks.hooks if hook.program != "init"]
    for opening, hook in _open(own):
        yield _opened(opening, hook, policy)
    outside = [
        hook for hook in own if hook.is_privileged and hook.standing.ground is Ground.WRITABLE and hook.standing.mount
    ]
    is_fixed = writable.root in (Ground.FIXED, Ground.VOLATILE)
    told = [hook for hook in outside if is_fixed or writable.is_led_out(hook.standing)]
    for mount in dict.fromkeys(hook.standing.mount for hook in told):
        severity = None if is_fixed else Severity.MEDIUM
        yield _outside(mount or "/", [hook for hook in told if hook.standing.mount == mount], severity)
    unread = list(hooks.unread)
    if outside and writable.root is Ground.UNKNOWN:
        unread.append(f"/{outside[0].path} is on a writable file system; whether the root is read-only is not known")
    if unread:
        raise Unavailable("; ".join(unread[:5]))


def _open(hooks: Iterable[Hook]) -> Iterable[tuple[Opening, Hook]]:
    """Each open path once, with the first hook for which it counts."""
    found: dict[str, tuple[Opening, Hook]] = {}
    for hook in hooks:
        for opening in hook.standing.openings:
            found.setdefault(opening.path, (opening, hook))
    return found.values()


def _opened(opening: Opening, hook: Hook, policy: Policy | None) -> Finding:
    is_inside = f"{opening.path}/".startswith(f"{hook.standing.leads}/")
    what = "it" if is_inside else f"what lies in /{hook.path}"
    return Finding(
        opening.path,
        f"{opening.who} may write /{opening.path} ({opening.mode:04o}), and {hook.program} {hook.how} {what} "
        f"as {hook.rights}",
        at=Location(opening.path),
        remedy=fenced(opening.path, opening.mode & ~0o1022, policy, owner=0, by=TO_ROOT),
    )


def _outside(mount: str, hooks: list[Hook], severity: Severity | None) -> Finding:
    named = [f"/{hook.path} ({hook.program})" for hook in hooks]
    more = f" and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
    first = hooks[0]
    return Finding(
        f"mount {mount}",
        f"{mount} is writable, and root runs or obeys what lies there: {', '.join(named[:SHOWN])}{more}",
        at=first.at or Location(first.path),
        remedy=unlinked((hook.standing for hook in hooks), MOVE),
        severity=severity,
    )
