"""uboot-environment-writable"""

from firmward.facts.uboot_configs import PLACES
from firmward.facts.uboots import FoundUboot, Stage, Uboots
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Safety, SetUbootOption
from firmward.model.remedy import Stage as RemedyStage

NOWHERE = (
    SetUbootOption("CONFIG_ENV_IS_NOWHERE", "y"),
    *(SetUbootOption(f"CONFIG_{place}", "n") for place in PLACES),
)
KEPT = {
    "rauc": "BOOT_ORDER:sw,BOOT_A_LEFT:xw,BOOT_B_LEFT:xw",
    "swupdate": "ustate:dw,upgrade_available:dw,bootcount:dw",
    "mender": "mender_boot_part:dw,mender_boot_part_hex:xw,upgrade_available:dw,bootcount:dw",
}
"""What an updater and U-Boot tell each other by the environment, with types (env/flags.c) and the right to write."""


def _example(*places: str, has_allow_list: bool = False) -> Example:
    found = FoundUboot(
        Location(part="image/u-boot"),
        "2023.01",
        frozenset((Stage.PROPER,)),
        environment_places=places,
        has_allow_list=has_allow_list,
    )
    return Example(facts=(Uboots((found,)),))


@check(
    title="U-Boot takes any variable from an environment on the medium",
    severity=Severity.HIGH,
    practice="P05",
    cwe=15,
    bad=_example("MMC"),
    good=(_example(), _example("MMC", has_allow_list=True)),
)
def uboot_environment_writable(uboots: Uboots, policy: Policy | None) -> Findings:
    """What stands there wins over what was built in: a system that was taken over once writes `bootcmd` and stays, and
    somebody with a card reader or a clip on the flash needs no more than a text editor. Verified boot does not help
    where the environment decides what is verified. Build the environment in (CONFIG_ENV_IS_NOWHERE), or let U-Boot take
    a short list of variables alone (CONFIG_ENV_WRITEABLE_LIST).
    """
    doubts = list(uboots.unread)
    for found in uboots.proper:
        places, allowed = found.environment_places, found.has_allow_list
        if isinstance(places, Unknown):
            doubts.append(f"{found.at.part}: {places.reason}")
        elif places and isinstance(allowed, Unknown):
            doubts.append(f"{found.at.part}: {allowed.reason}")
        elif places and not allowed:
            yield _finding(found, places, policy)
    if doubts:
        raise Unavailable("; ".join(doubts[:3]))


def _finding(found: FoundUboot, places: tuple[str, ...], policy: Policy | None) -> Finding:
    where = ", ".join(places)
    mechanism = policy.update.mechanism if policy is not None and policy.update is not None else None
    kept = KEPT.get(mechanism or "", "")
    return Finding(
        where,
        f"{found.name} loads its environment from {where}, any variable of it",
        at=found.at,
        remedy=Remedy(
            f"Build U-Boot with {_words(kept)}",
            Safety.UNSAFE,
            RemedyStage.SOURCE,
            (SetUbootOption("CONFIG_ENV_WRITEABLE_LIST", "y"),) if kept else NOWHERE,
            f"what is kept on the medium {'and not listed ' if kept else ''}is not read any more: slots, counters, "
            "addresses, and what fw_setenv writes",
        ),
    )


def _words(kept: str) -> str:
    if not kept:
        return (
            "CONFIG_ENV_IS_NOWHERE=y and no other place, or with CONFIG_ENV_WRITEABLE_LIST=y and the few variables "
            "that must be kept in ENV_FLAGS_LIST_STATIC of the board's header"
        )
    return (
        "CONFIG_ENV_WRITEABLE_LIST=y, and with what the updater keeps there alone in ENV_FLAGS_LIST_STATIC of the "
        f'board\'s header: "{kept}"'
    )
