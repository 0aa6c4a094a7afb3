"""update-not-automatic"""

from firmward.facts.update.updater import Aspect
from firmward.facts.updaters import Updaters
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.memory import Content, executable, link
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Safety, Stage

PROGRAM = executable(b"\x7fELF")
RAUC = (
    "[system]\ncompatible=gateway\nbootloader=uboot\n[keyring]\npath=ca.pem\n"
    "[slot.rootfs.0]\ndevice=/dev/mmcblk0p2\nbootname=A\n[slot.rootfs.1]\ndevice=/dev/mmcblk0p3\nbootname=B\n"
)
UNIT = "[Service]\nExecStart=/usr/bin/rauc-hawkbit-updater -c /etc/rauc-hawkbit-updater/config.conf\n"
CLIENT: dict[str, Content] = {
    "usr/bin/rauc": PROGRAM,
    "etc/rauc/system.conf": RAUC,
    "usr/lib/systemd/system/hawkbit.service": UNIT,
    "usr/lib/systemd/system/default.target": "[Unit]\nDescription=All\n",
}
ENABLED: dict[str, Content] = {
    "etc/systemd/system/default.target.wants/hawkbit.service": link("/usr/lib/systemd/system/hawkbit.service")
}
FEED: dict[str, Content] = {
    "bin/opkg": PROGRAM,
    "etc/opkg.conf": "option check_signature\nsrc/gz base https://feeds.example.com/base\n",
}


@check(
    title="Nothing installs updates by itself",
    severity=Severity.MEDIUM,
    practice="P29",
    cwe=1277,
    bad=(
        Example(CLIENT),
        Example({**FEED, "etc/inittab": "::respawn:/usr/bin/camera\n"}),
        Example({**FEED, "etc/inittab": "::respawn:/bin/camera\n", "etc/crontabs/root": "0 4 * * * opkg upgrade\n"}),
    ),
    good=(
        Example({**CLIENT, **ENABLED}),
        Example({**FEED, "etc/inittab": "::respawn:crond -f\n", "etc/crontabs/root": "0 4 * * * opkg upgrade\n"}),
    ),
)
def update_not_automatic(updaters: Updaters, policy: Policy | None) -> Findings:
    """Owners are not technical and do not read of holes: what waits for a person to press a button stays as
    it was sold. An updater that nothing starts, or that waits to be handed a file, is not enough; a client that
    polls a server, a timer or a job of cron is. A policy with `automatic = false` under `[update]` says that people
    see to it.
    """
    system = updaters.of_system
    if any(updater.automatic for updater in system):
        return
    if policy is not None and policy.update is not None and not policy.update.automatic:
        raise NotApplicable("the policy says that people see to updates (update.automatic is false)")
    updaters.require_read()
    if not system:
        raise NotApplicable("nothing here updates the system")
    reasons = [reason for updater in system for reason in updater.doubted(Aspect.AUTOMATIC)]
    reasons += [f"{path} may fetch updates, and cannot be read" for path in updaters.unseen]
    reasons += [updaters.blind] if updaters.blind is not None else []
    if reasons:
        raise Unavailable("; ".join(reasons[:5]))
    names = ", ".join(dict.fromkeys(updater.name for updater in system))
    yield Finding(
        "automatic",
        f"nothing fetches and installs updates by itself: {names} waits to be told",
        at=Location(system[0].at.path),
        remedy=Remedy(
            "Start a client that polls your update server, or run the updater by a timer",
            Safety.MANUAL,
            Stage.SOURCE,
        ),
    )
