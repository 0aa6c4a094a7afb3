"""removable-media-executed"""

from firmward.facts.removable import ForeignUse, RemovableMedia
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.memory import Content, executable, link
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Safety, Stage

CAUSES = {
    "udev": "when a device comes",
    "mdev": "when a device comes",
    "hotplug": "when a device comes",
    "usbmount": "when a stick is mounted",
    "job": "as a job",
    "login": "when root logs in",
    "start": "at boot",
    "service": "at boot",
}
SUMMARY = (
    "Run nothing from removable media; take updates only as a signed bundle (RAUC, SWUpdate), checked with a key of "
    "the verified part before anything of it is used"
)
SIGNED = ("firmward", "rauc", "swupdate", "mender")
"""Mechanisms of updates that take signed bundles alone."""
ELF = executable(b"\x7fELF\x02\x01\x01")
SYSTEMD: dict[str, Content] = {"usr/lib/systemd/systemd": ELF, "sbin/init": link("../usr/lib/systemd/systemd")}
MDEV: dict[str, Content] = {
    "bin/busybox": ELF,
    "sbin/mdev": link("/bin/busybox"),
    "etc/inittab": "::sysinit:/sbin/mdev -s\n",
}


@check(
    title="Files of removable media are run",
    severity=Severity.CRITICAL,
    practice="P15",
    cwe=829,
    bad=(
        Example({
            **MDEV,
            "etc/mdev.conf": "sd[a-z][0-9]* 0:0 660 @/etc/mdev/usb.sh\n",
            "etc/mdev/usb.sh": executable(
                "#!/bin/sh\nmount /dev/$MDEV /mnt\n[ -f /mnt/autorun.sh ] && sh /mnt/autorun.sh\n"
            ),
        }),
        Example({
            **SYSTEMD,
            "etc/udev/rules.d/99-usb.rules": 'KERNEL=="sd?1", ACTION=="add", ENV{SYSTEMD_WANTS}="usb@%k.service"\n',
            "etc/systemd/system/usb@.service": "[Service]\nType=oneshot\nExecStart=/usr/bin/usb-update %I\n",
            "usr/bin/usb-update": executable(
                '#!/bin/sh\nDIR=/run/media/$1\nmkdir -p "$DIR"\nmount "/dev/$1" "$DIR"\n'
                'tar -xzf "$DIR/update.tgz" -C /tmp/update\n/tmp/update/install.sh\n'
            ),
        }),
        Example({
            "etc/inittab": "::sysinit:/etc/init.d/rcS\n",
            "etc/init.d/rcS": executable("#!/bin/sh\nfor f in /media/*/S*.sh; do . $f; done\n"),
        }),
        Example({
            "etc/rc.common": "",
            "etc/fstab": "",
            "etc/hotplug.d/block/20-update": (
                '[ "$ACTION" = add ] || exit 0\nmount /dev/$DEVICENAME /mnt/u\nsysupgrade /mnt/u/fw.bin\n'
            ),
        }),
        Example({
            "etc/inittab": "::respawn:/usr/sbin/crond -f\n",
            "usr/sbin/crond": ELF,
            "etc/crontabs/root": "* * * * * [ -f /mnt/usb/a.deb ] && dpkg -i /mnt/usb/a.deb\n",
        }),
    ),
    good=(
        Example({
            **MDEV,
            "etc/mdev.conf": "sd[a-z][0-9]* 0:0 660 @/etc/mdev/usb.sh\n",
            "etc/mdev/usb.sh": executable(
                "#!/bin/sh\nmkdir -p /media/$MDEV\nmount -o nosuid,nodev,noexec /dev/$MDEV /media/$MDEV\n"
                "cp /media/$MDEV/logo.png /data/logo.png\n"
            ),
        }),
        Example({
            **SYSTEMD,
            "etc/udev/rules.d/99-usb.rules": 'KERNEL=="sd?1", RUN+="/usr/bin/usb-update %k"\n',
            "usr/bin/usb-update": executable(
                "#!/bin/sh\nmount -o ro /dev/$1 /mnt/usb || exit 1\ncp /mnt/usb/update.bin /tmp/update.sh\n"
                "openssl dgst -sha256 -verify /etc/update.pem -signature /mnt/usb/update.sig /tmp/update.sh || exit\n"
                "sh /tmp/update.sh\n"
            ),
        }),
        Example({
            **SYSTEMD,
            "etc/udev/rules.d/99-usb.rules": 'KERNEL=="sd?1", RUN+="/usr/bin/usb-update %k"\n',
            "usr/bin/usb-update": executable(
                "#!/bin/sh\nmount -o ro /dev/$1 /mnt/usb || exit 1\nrauc install /mnt/usb/update.raucb\n"
            ),
        }),
    ),
)  # fmt: skip
def removable_media_executed(media: RemovableMedia, policy: Policy | None) -> Findings:
    """Whoever holds the device for a moment puts in a stick, and what lies on it runs as root: a script, a sourced
    configuration, a package, a module, an image that is flashed unseen. It takes no password and leaves no trace on
    the network. Mounting a medium and copying data from it is no finding, nor is what a signature was checked of.
    """
    told = set()
    for use in media.uses:
        key = f"{use.at.path} {use.what.partition(' ')[0]} {use.path}"
        if key not in told:
            told.add(key)
            yield _finding(key, use, policy)
    if media.unread:
        raise Unavailable("; ".join(media.unread[:5]))


def _finding(key: str, use: ForeignUse, policy: Policy | None) -> Finding:
    cause = "" if use.cause.path == use.at.path else f" (by {use.cause})"
    return Finding(
        key,
        f"/{use.at.path} {use.what} {use.path} from removable media {CAUSES[use.by]}{cause}",
        at=use.at,
        remedy=_remedy(use, policy),
        evidence=" ".join(use.words)[:200].replace("\n", " "),
    )


def _remedy(use: ForeignUse, policy: Policy | None) -> Remedy:
    """The line goes out of its script, which goes on without it; where it is part of more, a person has to look. Safe
    where the policy declares the ways in which the device is updated and opened: by a medium's script is none."""
    if use.taking_out is None:
        return Remedy(SUMMARY, Safety.MANUAL, Stage.SOURCE)
    if policy is not None and _declares_other_ways(policy):
        return Remedy(SUMMARY, Safety.SAFE, Stage.IMAGE, (use.taking_out,))
    breaks = f"nobody changes or updates the device by what a stick or card has as {use.path}"
    return Remedy(SUMMARY, Safety.UNSAFE, Stage.IMAGE, (use.taking_out,), breaks)


def _declares_other_ways(policy: Policy) -> bool:
    return policy.modes is not None and policy.update is not None and policy.update.mechanism in SIGNED
