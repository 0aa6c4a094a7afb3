"""update-over-plaintext"""

from firmward.facts.update.updater import Aspect, Remark, Server
from firmward.facts.updaters import Updaters
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.memory import executable
from firmward.model.remedy import Remedy, Safety, Stage

PROGRAM = executable(b"\x7fELF")
BOOT = "::sysinit:/etc/init.d/rcS\n"
FLASH = "openssl dgst -verify /etc/k.pem -signature /tmp/f.sig /tmp/f || exit 1\nflashcp /tmp/f /dev/mtd3\n"
UNCHECKED = "#!/bin/sh\ncurl -k -o /tmp/f https://a/f\n"
RAUC = (
    "[system]\ncompatible=gateway\nbootloader=uboot\n[keyring]\npath=ca.pem\n"
    "[slot.rootfs.0]\ndevice=/dev/mmcblk0p2\nbootname=A\n[slot.rootfs.1]\ndevice=/dev/mmcblk0p3\nbootname=B\n"
)
HAWKBIT = "[client]\nhawkbit_server = updates.example.com:8443\nssl = %s\nssl_verify = true\n"


@check(
    title="Updates are fetched without encryption",
    severity=Severity.MEDIUM,
    practice="P26 P18",
    cwe=319,
    bad=(
        Example({"etc/inittab": BOOT, "etc/init.d/rcS": executable("#!/bin/sh\nwget -O /tmp/f http://a/f\n" + FLASH)}),
        Example({"etc/inittab": BOOT, "etc/init.d/rcS": executable(UNCHECKED + FLASH)}),
        Example({"etc/rauc/system.conf": RAUC, "etc/rauc-hawkbit-updater/config.conf": HAWKBIT % "false"}),
        Example({"bin/opkg": PROGRAM, "etc/opkg.conf": "src/gz base http://feeds.example.com/base\n"}),
    ),
    good=(
        Example({"etc/inittab": BOOT, "etc/init.d/rcS": executable("#!/bin/sh\ncurl -o /tmp/f https://a/f\n" + FLASH)}),
        Example({"etc/rauc/system.conf": RAUC, "etc/rauc-hawkbit-updater/config.conf": HAWKBIT % "true"}),
        Example({"etc/apt/sources.list": "deb https://deb.example.com/ stable main\n"}),
    ),
)  # fmt: skip
def update_over_plaintext(updaters: Updaters) -> Findings:
    """Whoever shares the network sees which version a device runs and what it fetches, keeps new versions back, and
    where no signature is checked puts in his own. A certificate that nobody looks at is no better. Where signatures are
    checked, what is left is that updates can be seen and kept back, and it is low.
    """
    for updater in updaters.updaters:
        for remark in updater.about(Aspect.TRANSPORT):
            yield Finding(
                f"{updater.name} {remark.key}",
                f"{updater.name} {remark.says}",
                at=remark.at,
                remedy=_remedy(remark),
                severity=remark.severity,
            )
    unsure = [updater.name for updater in updaters.updaters if updater.server is Server.UNKNOWN]
    if unsure:
        raise Unavailable(f"where {', '.join(unsure[:3])} fetches from is known at run time only")
    updaters.require_read()


def _remedy(remark: Remark) -> Remedy:
    """Without changes it takes a key, a server or a program that only the maker has."""
    if not remark.changes:
        return Remedy(remark.instead, Safety.MANUAL, Stage.SOURCE)
    breaks = "a server that has no TLS, or whose certificate nobody here knows, gives no updates any more"
    return Remedy(remark.instead, Safety.UNSAFE, Stage.IMAGE, remark.changes, breaks)
