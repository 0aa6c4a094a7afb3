"""privileged-hooks"""

from collections.abc import Iterable

from firmward.checks.service.cures.unlinking import unlinked
from firmward.facts.hooks import Hook, Hooks
from firmward.facts.writable import Ground, Writable
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.memory import executable, link
from firmward.model.remedy import Remedy, Safety, Stage

SHOWN = 3
"""Places named of one program."""

MOVE = Remedy(
    "Keep hooks and plug-ins in the read-only, verified part; where data must decide, let a fixed script read values",
    Safety.MANUAL,
    Stage.SOURCE,
)
FIX = Remedy(
    "Make the root file system read-only and verified, so that hooks and plug-ins are; remove programs that need none",
    Safety.MANUAL,
    Stage.SOURCE,
)
STATES = {
    Ground.WRITABLE: "which is writable",
    Ground.UNKNOWN: "of which nothing here says whether it is writable",
    Ground.VOLATILE: "which is in memory",
}
ELF = executable(b"\x7fELF\x02\x01\x01")
READ_ONLY = "/dev/mmcblk0p2 / squashfs ro 0 0\n/dev/mmcblk0p4 /data ext4 nosuid,nodev 0 2\n"
INIT = "::sysinit:/bin/mount -a\n"


@check(
    title="Hooks of privileged programs lie outside the fixed part",
    severity=Severity.MEDIUM,
    practice="P15",
    cwe=426,
    bad=(
        Example({
            "etc/inittab": INIT,
            "etc/fstab": READ_ONLY,
            "usr/sbin/pppd": ELF,
            "etc/ppp/ip-up": link("/data/ppp/ip-up"),
        }),
        Example({
            "usr/lib/systemd/systemd": ELF,
            "sbin/init": link("../usr/lib/systemd/systemd"),
            "etc/fstab": READ_ONLY + "/data/etc/udev /etc/udev none bind 0 0\n",
            "usr/lib/systemd/systemd-udevd": ELF,
            "etc/udev/rules.d/90-cam.rules": 'SUBSYSTEM=="video4linux", RUN+="/usr/bin/cam"\n',
        }),
        Example({
            "etc/inittab": INIT + "::respawn:/sbin/udhcpc -f -i eth0 -s /data/udhcpc.script\n",
            "etc/fstab": READ_ONLY,
            "bin/busybox": ELF,
            "sbin/udhcpc": link("/bin/busybox"),
        }),
        Example({
            "etc/inittab": INIT,
            "etc/fstab": "/dev/mmcblk0p2 / ext4 rw 0 0\n",
            "bin/busybox": ELF,
            "sbin/mdev": link("/bin/busybox"),
            "etc/mdev.conf": "sd[a-z] 0:6 660 */lib/mdev/disk.sh\n",
        }),
    ),
    good=(
        Example({
            "etc/inittab": INIT,
            "etc/fstab": READ_ONLY,
            "usr/sbin/pppd": ELF,
            "etc/ppp/ip-up": executable("#!/bin/sh\n"),
            "etc/ppp/ip-up.d/dns": executable("#!/bin/sh\n"),
        }),
        Example({
            "usr/lib/systemd/systemd": ELF,
            "sbin/init": link("../usr/lib/systemd/systemd"),
            "etc/fstab": READ_ONLY + "tmpfs /var tmpfs nosuid,nodev 0 0\n",
            "usr/lib/systemd/systemd-udevd": ELF,
            "etc/udev/rules.d/90-cam.rules": 'SUBSYSTEM=="video4linux", RUN+="/usr/bin/cam"\n',
            "usr/sbin/cron": ELF,
            "var/spool/cron/crontabs/root": "@daily /usr/bin/rotate\n",
        }),
    ),
)  # fmt: skip
def privileged_hooks(hooks: Hooks, writable: Writable) -> Findings:
    """Programs with root's rights run more than themselves: a DHCP client its script, udev its rules, cron its jobs,
    the loader what ld.so.preload names. One file put into such a place runs as root at each boot, and no verified
    program had to be changed for it. Where the root file system is read-only, each program is told whose hooks lie
    on a writable one. Where it is not, one inventory names the programs: then rootfs-writable says the rest.
    """
    privileged = [hook for hook in hooks.hooks if hook.is_privileged]
    outside = [hook for hook in privileged if hook.standing.ground is Ground.WRITABLE and hook.standing.mount]
    is_fixed = writable.root in (Ground.FIXED, Ground.VOLATILE)
    if writable.root is Ground.WRITABLE:
        outside = [hook for hook in outside if writable.is_led_out(hook.standing)]
    for program in dict.fromkeys(hook.program for hook in outside):
        yield _outside(program, [hook for hook in outside if hook.program == program])
    if not is_fixed:
        yield _inventory(privileged, writable.root)
    if hooks.unread:
        raise Unavailable("; ".join(hooks.unread[:5]))


def _outside(program: str, hooks: list[Hook]) -> Finding:
    first = hooks[0]
    places = _listed(hook.path if hook.path == hook.standing.leads else _led(hook) for hook in hooks)
    return Finding(
        program,
        f"{program} {first.how} what lies on {first.standing.mount}, which is writable: {places}",
        at=first.at or Location(first.path),
        remedy=unlinked((hook.standing for hook in hooks), MOVE),
    )


def _led(hook: Hook) -> str:
    return f"{hook.path} (which leads to /{hook.standing.leads})"


def _inventory(hooks: Iterable[Hook], root: Ground) -> Finding:
    programs = list(dict.fromkeys(hook.program for hook in hooks))
    return Finding(
        "inventory",
        f"{len(programs)} privileged programs have hooks or plug-ins on the root file system, {STATES[root]}: "
        f"{', '.join(programs)}",
        remedy=FIX,
        severity=Severity.INFO,
    )


def _listed(names: Iterable[str]) -> str:
    known = list(dict.fromkeys(names))
    more = f" and {len(known) - SHOWN} more" if len(known) > SHOWN else ""
    return ", ".join(f"/{name}" for name in known[:SHOWN]) + more
