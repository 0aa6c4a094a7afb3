"""update-downgrade-possible"""

import re
from dataclasses import replace

from firmward.facts.update.updater import Aspect, Remark, Server, Updater
from firmward.facts.updaters import Updaters
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.memory import executable
from firmward.model.policy import Policy
from firmward.model.remedy import Change, Remedy, Safety, SetOption, Stage

PROGRAM = executable(b"\x7fELF")
BOOT = "::sysinit:/etc/init.d/rcS\n"
SCRIPT = (
    "#!/bin/sh\nwget -O /tmp/f http://a/f\nwget -O /tmp/f.sig http://a/f.sig\n"
    "openssl dgst -verify /etc/k.pem -signature /tmp/f.sig /tmp/f || exit 1\n%sflashcp /tmp/f /dev/mtd3\n"
)
COMPARE = '[ "$NEW_VERSION" -gt "$(cat /etc/version)" ] || exit 0\n'
RAUC = (
    "[system]\ncompatible=gateway\nbootloader=uboot\n%s[keyring]\npath=ca.pem\n"
    "[slot.rootfs.0]\ndevice=/dev/mmcblk0p2\nbootname=A\n[slot.rootfs.1]\ndevice=/dev/mmcblk0p3\nbootname=B\n"
)
SWUPDATE = {
    "usr/bin/swupdate": executable(
        b"\x7fELF ... Error: SWUpdate is built for signed images, provide a public key file."
    ),
}
SERVICE = "[Service]\nExecStart=/usr/bin/swupdate -k /etc/k.pem %s-u '-t default -u https://hawkbit.example.com -i 1'\n"
SOURCES = "deb https://deb.example.com/ stable main\n"


@check(
    title="An update can go back to an older version",
    severity=Severity.HIGH,
    practice="P26",
    cwe=1328,
    bad=(
        Example({"etc/inittab": BOOT, "etc/init.d/rcS": executable(SCRIPT % "")}),
        Example({"usr/bin/rauc": PROGRAM, "etc/rauc/system.conf": RAUC % ""}),
        Example({**SWUPDATE, "etc/systemd/system/swupdate.service": SERVICE % ""}),
        Example({"etc/apt/sources.list": SOURCES, "etc/apt/apt.conf": 'Acquire::Check-Valid-Until "false";\n'}),
    ),
    good=(
        Example({"etc/inittab": BOOT, "etc/init.d/rcS": executable(SCRIPT % COMPARE)}),
        Example({"usr/bin/rauc": PROGRAM, "etc/rauc/system.conf": RAUC % "min-bundle-version=2.4.0\n"}),
        Example({**SWUPDATE, "etc/systemd/system/swupdate.service": SERVICE % "-N 2.4.0 "}),
        Example({"etc/apt/sources.list": SOURCES}),
    ),
)  # fmt: skip
def update_downgrade_possible(updaters: Updaters, policy: Policy | None) -> Findings:
    """An old version was signed as well, and its holes are known. Who hands it to the device opens them again, and no
    signature tells that it is old. It is high where the device fetches by itself from a server that anybody on the way
    can stand in for, medium where only the right server or a person can hand it in, and low where that is meant for the
    owner, as OpenWrt's sysupgrade is. Package managers refuse older versions unless they are told otherwise.
    """
    unsure: list[str] = []
    for updater in updaters.of_system:
        remarks = updater.about(Aspect.DOWNGRADE)
        for remark in remarks:
            yield Finding(
                f"{updater.name} {remark.key}",
                f"{updater.name} {remark.says}",
                at=remark.at,
                remedy=_remedy(remark, policy),
                severity=remark.severity or _severity(updater),
            )
        if updater.about(Aspect.SIGNATURE) and not remarks:
            unsure.append(f"no signature covers the versions that {updater.name} is told")
        unsure.extend(updater.doubted(Aspect.DOWNGRADE))
    if unsure:
        raise Unavailable("; ".join(unsure[:5]))
    updaters.require_read()


def _severity(updater: Updater) -> Severity:
    is_open = updater.server in (Server.ANYONE, Server.UNKNOWN) and updater.automatic
    return Severity.HIGH if is_open else Severity.MEDIUM


PLACEHOLDER = "VERSION"
"""What a mechanism gives where the oldest version that may still be installed belongs."""
NUMBERS = re.compile(r"\d{1,9}\.\d{1,9}\.\d{1,9}(?:[-+][0-9A-Za-z.-]{1,40})?")
"""Three numbers, as RAUC and SWUpdate compare them."""


def _remedy(remark: Remark, policy: Policy | None) -> Remedy:
    changes = tuple(_filled(change, policy) for change in remark.changes)
    if not all(changes) or not changes:
        return Remedy(remark.instead, Safety.MANUAL, Stage.SOURCE)
    breaks = "an older version is installed no more, by hand neither, and a program too old for the option refuses it"
    return Remedy(remark.instead, Safety.UNSAFE, Stage.IMAGE, tuple(filter(None, changes)), breaks)


def _filled(change: Change, policy: Policy | None) -> Change | None:
    """With the version that the policy declares: this release itself is the oldest that one can be sure of."""
    if not isinstance(change, SetOption) or change.value != PLACEHOLDER:
        return change
    version = policy.device.version if policy is not None and policy.device is not None else None
    return replace(change, value=version) if version is not None and NUMBERS.fullmatch(version) else None
