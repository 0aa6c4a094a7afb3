"""update-absent"""

from firmward.facts.startup import Startup
from firmward.facts.updaters import Updaters
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.memory import executable
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Safety, Stage

RESPAWN = "::respawn:/usr/bin/camera\n"
BOOT = "::sysinit:/etc/init.d/rcS\n"
UNIT = "[Service]\nExecStart=/usr/bin/gateway\n[Install]\nWantedBy=multi-user.target\n"
RAUC = (
    "[system]\ncompatible=gateway\nbootloader=uboot\n[keyring]\npath=ca.pem\n"
    "[slot.rootfs.0]\ndevice=/dev/mmcblk0p2\nbootname=A\n[slot.rootfs.1]\ndevice=/dev/mmcblk0p3\nbootname=B\n"
)
PROGRAM = executable(b"\x7fELF")
REMEDY = Remedy(
    "Build an updater into the image that installs signed images into a second copy, and configure it",
    Safety.MANUAL,
    Stage.SOURCE,
)


@check(
    title="No way to update",
    severity=Severity.HIGH,
    practice="P26",
    cwe=1277,
    bad=(
        Example({"etc/inittab": RESPAWN}),
        Example({"etc/inittab": BOOT, "etc/init.d/rcS": executable("#!/bin/sh\nwget -O /tmp/conf http://a/conf\n")}),
        Example({"etc/systemd/system/gateway.service": UNIT, "usr/bin/rauc": PROGRAM}),
        Example({"etc/inittab": RESPAWN, "usr/sbin/opkg": PROGRAM, "etc/opkg.conf": "dest root /\n"}),
        Example({"etc/inittab": RESPAWN, "usr/bin/camera": PROGRAM}, '[update]\nmechanism = "other"\n'),
    ),
    good=(
        Example({"etc/systemd/system/gateway.service": UNIT, "usr/bin/rauc": PROGRAM, "etc/rauc/system.conf": RAUC}),
        Example({"etc/inittab": RESPAWN, "usr/bin/apt-get": PROGRAM, "etc/apt/sources.list": "deb https://a b c\n"}),
        Example({
            "etc/inittab": RESPAWN,
            "usr/bin/opkg": PROGRAM,
            "etc/opkg/distfeeds.conf": "src/gz base https://downloads.example.com/base\noption check_signature\n",
        }),
        Example({
            "etc/inittab": RESPAWN,
            "usr/bin/upgrade.sh": executable("#!/bin/sh\nwget https://a/f -O /tmp/f && mtd write /tmp/f firmware\n"),
        }),
    ),
)  # fmt: skip
def update_absent(updaters: Updaters | None, startup: Startup, policy: Policy | None) -> Findings:
    """A hole that becomes known stays open for the product's whole life: nobody recalls a device to put it right. An
    updater that is installed and configured for nothing, such as rauc without a system.conf or a package manager
    without a server, updates nothing. What keeps applications or the firmware of components only is not enough.

    A policy only says what is meant to be there. Where it declares a mechanism of the maker's own (`other`) and nothing
    is found that updates, this is said all the same, unless a program that starts could write a system: then whether it
    does is not known. Of firmward's own updates an image need not show anything.
    """
    if updaters is not None and updaters.hands_over and not updaters.of_system:
        raise NotApplicable("an initramfs gives way to the system that is to be updated")
    declared = policy.update.mechanism if policy is not None and policy.update is not None else None
    system = updaters.of_system if updaters is not None else ()
    if declared in NAMED and not any(one.name == NAMED[declared] for one in system):
        _require_all_seen(updaters, startup)
        message = f"the policy declares updates by {declared}, which is not configured here"
        yield Finding(f"declared {declared}", message, _place(updaters), REMEDY)
    elif not system:
        if declared == "firmward":
            raise Unavailable("the policy declares updates by firmward, which cannot be seen here")
        _require_all_seen(updaters, startup)
        if declared == "other" and updaters is not None and updaters.able:
            raise Unavailable(f"whether {', '.join(updaters.able[:3])} updates the system cannot be read")
        yield Finding("updater", _told(updaters, declared), _place(updaters), REMEDY)


NAMED = {"rauc": "rauc", "swupdate": "swupdate", "mender": "mender", "opkg": "opkg", "apt": "apt"}


def _require_all_seen(updaters: Updaters | None, startup: Startup) -> None:
    startup.require_seen()
    if updaters is None:
        return
    if updaters.unseen:
        raise Unavailable(f"whether {', '.join(updaters.unseen[:3])} updates the system cannot be read")
    updaters.require_read()


def _place(updaters: Updaters | None) -> Location | None:
    return updaters.installed[0] if updaters is not None and updaters.installed else None


def _told(updaters: Updaters | None, declared: str | None) -> str:
    if declared == "none":
        return "nothing can update the system, and the policy says so (update.mechanism is none)"
    if declared == "other":
        return (
            "the policy declares updates by a mechanism of the maker's own, and nothing in the image updates the system"
        )
    installed = [str(place) for place in updaters.installed] if updaters is not None else []
    if installed:
        return f"{', '.join(installed[:3])} is installed, and nothing is configured that it could update from"
    parts = sorted({one.name for one in updaters.updaters}) if updaters is not None else []
    rest = f"; {', '.join(parts)} keeps other things than the system" if parts else ""
    return f"nothing in the image updates the system{rest}"
