"""uboot-environment-on-media"""

from firmward.facts.stored_environments import StoredEnvironment, StoredEnvironments
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.remedy import Remedy, Safety, Stage

DECISIVE = ("bootcmd", "altbootcmd", "preboot", "bootargs", "boot_targets", "bootdelay", "bootmenu_default")
"""Variables that say what is booted, how, and whether somebody may intervene."""
TOLD = 3


def _example(**variables: str) -> Example:
    stored = StoredEnvironment(Location(part="image/env"), variables)
    return Example(facts=(StoredEnvironments((stored,)),))


@check(
    title="An environment on the medium says what U-Boot boots",
    severity=Severity.MEDIUM,
    practice="P05",
    cwe=15,
    bad=(
        _example(bootcmd="run mmcboot", bootargs="console=ttyS0 root=/dev/mmcblk0p2"),
        _example(boot_targets="usb0 mmc0"),
    ),
    good=(_example(ethaddr="02:00:00:00:00:01", slot_left="3"),),
)
def uboot_environment_on_media(environments: StoredEnvironments) -> Findings:
    """Whoever can write the medium (a card reader, a taken-over system, a flash clip) changes what these variables say:
    another command to boot, `init=/bin/sh` behind the kernel's arguments, a stick in front of the internal memory. A
    signature of the kernel helps little when the environment decides whether it is asked for. Build the decisive
    variables into U-Boot (CONFIG_ENV_IS_NOWHERE, or an allow-list with CONFIG_ENV_WRITEABLE_LIST), and leave to the
    medium what is harmless: addresses, counters, which slot is next.
    """
    for stored in environments.found:
        names = [name for name in DECISIVE if name in stored.variables]
        if names:
            yield _finding(stored, names)
    if environments.unread:
        raise Unavailable("; ".join(environments.unread[:TOLD]))


def _finding(stored: StoredEnvironment, names: list[str]) -> Finding:
    return Finding(
        names[0],
        f"an environment in {stored.at.part} sets {', '.join(names)}",
        at=stored.at,
        evidence="; ".join(f"{name}={stored.variables[name]}" for name in names)[:400],
        remedy=Remedy(
            "Build what decides the boot into U-Boot (CONFIG_ENV_IS_NOWHERE=y, or CONFIG_ENV_WRITEABLE_LIST=y with "
            "CONFIG_ENV_FLAGS_LIST_STATIC), and keep only counters and addresses on the medium",
            Safety.MANUAL,
            Stage.SOURCE,
        ),
    )
