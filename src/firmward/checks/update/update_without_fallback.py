"""update-without-fallback"""

from firmward.facts.update.updater import Aspect, Kind, Remark, Updater
from firmward.facts.updaters import Updaters
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.memory import executable
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Safety, Stage

PROGRAM = executable(b"\x7fELF")
BOOT = "::sysinit:/etc/init.d/rcS\n"
RAUC = "[system]\ncompatible=a\nbootloader=uboot\n[keyring]\npath=ca.pem\n[slot.rootfs.0]\ndevice=/dev/a\nbootname=A\n"
SECOND = "[slot.rootfs.1]\ndevice=/dev/b\nbootname=B\n"
FETCH = "#!/bin/sh\nwget -O /tmp/f http://a/f\n"
MENDER = '{"ServerURL": "https://a.example.com"%s}'
COPIES = ', "RootfsPartA": "/dev/mmcblk0p2", "RootfsPartB": "/dev/mmcblk0p3"'


@check(
    title="An update that fails leaves nothing to fall back to",
    severity=Severity.HIGH,
    practice="P26 P28",
    cwe=1329,
    bad=(
        Example({"usr/bin/rauc": PROGRAM, "etc/rauc/system.conf": RAUC}),
        Example({"usr/bin/mender": PROGRAM, "etc/mender/mender.conf": MENDER % ""}),
        Example({"etc/inittab": BOOT, "etc/init.d/rcS": executable(FETCH + "tar xzf /tmp/f -C /\n")}),
        Example({"sbin/sysupgrade": executable("#!/bin/sh\n. /lib/upgrade/common.sh\n")}),
        Example({"etc/apt/sources.list": "deb https://deb.example.com/ stable main\n"}),
    ),
    good=(
        Example({"usr/bin/rauc": PROGRAM, "etc/rauc/system.conf": RAUC + SECOND}),
        Example({"usr/bin/mender": PROGRAM, "etc/mender/mender.conf": MENDER % COPIES}),
        Example({
            "etc/inittab": BOOT,
            "etc/init.d/rcS": executable(FETCH + "dd if=/tmp/f of=/dev/mmcblk0p3\nfw_setenv bootslot b\n"),
        }),
    ),
)  # fmt: skip
def update_without_fallback(updaters: Updaters, policy: Policy | None) -> Findings:
    """Power that is lost while it writes, or a version that does not start, leaves a device that somebody must open: so
    makers stop updating. Two copies and a boot loader that counts attempts make both harmless. OpenWrt's sysupgrade
    writes over the system, and the boot loader's recovery needs a person: medium. Package managers of systems of
    general purpose work in place, and who can log in can carry an installation on: low, and medium where the policy
    declares them as the product's way to update.
    """
    unsure: list[str] = []
    for updater in updaters.of_system:
        for remark in updater.about(Aspect.FALLBACK):
            yield Finding(
                f"{updater.name} {remark.key}",
                f"{updater.name} {remark.says}",
                at=remark.at,
                remedy=Remedy(remark.instead, Safety.MANUAL, Stage.SOURCE),
                severity=_severity(updater, remark, policy),
            )
        unsure.extend(updater.doubted(Aspect.FALLBACK))
    if unsure:
        raise Unavailable("; ".join(unsure[:5]))
    updaters.require_read()


def _severity(updater: Updater, remark: Remark, policy: Policy | None) -> Severity | None:
    declared = policy.update.mechanism if policy is not None and policy.update is not None else None
    if updater.kind is Kind.PACKAGES and updater.name == declared:
        return Severity.MEDIUM
    return remark.severity
