"""uboot-environment-writable"""

from firmward.facts.uboots import FoundUboot, Stage, Uboots
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.remedy import Remedy, Safety, SetUbootOption
from firmward.model.remedy import Stage as RemedyStage


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
def uboot_environment_writable(uboots: Uboots) -> Findings:
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
            yield _finding(found, places)
    if doubts:
        raise Unavailable("; ".join(doubts[:3]))


def _finding(found: FoundUboot, places: tuple[str, ...]) -> Finding:
    where = ", ".join(places)
    return Finding(
        where,
        f"{found.name} loads its environment from {where}, any variable of it",
        at=found.at,
        remedy=Remedy(
            "Build U-Boot with CONFIG_ENV_IS_NOWHERE=y and no other place, or with CONFIG_ENV_WRITEABLE_LIST=y and the "
            "few variables that must be kept in CONFIG_ENV_FLAGS_LIST_STATIC",
            Safety.UNSAFE,
            RemedyStage.SOURCE,
            (SetUbootOption("CONFIG_ENV_IS_NOWHERE", "y"),),
        ),
    )
