"""uboot-shell-reachable"""

from firmward.checks.boot.declared.console import closing
from firmward.facts.uboots import NO_DELAY, FoundUboot, Stage, Stop, Uboots
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Safety, SetUbootOption
from firmward.model.remedy import Stage as RemedyStage

HASHED = frozenset((Stop.SHA256, Stop.CRYPT))
COMMANDS = frozenset(("bootm", "md", "setenv"))


def _example(delay: int | Unknown, *stops: Stop, commands: frozenset[str] | None = COMMANDS) -> Example:
    found = FoundUboot(
        Location(part="image/u-boot"), "2023.01", frozenset((Stage.PROPER,)), commands, delay, frozenset(stops) or None
    )
    return Example(facts=(Uboots((found,)),))


@check(
    title="U-Boot's prompt can be reached",
    severity=Severity.HIGH,
    practice="P04",
    cwe=1191,
    bad=(
        _example(2, Stop.ANY_KEY),
        _example(0, Stop.ANY_KEY),
        _example(3, Stop.KEYED),
        _example(Unknown("no boot delay is given")),
    ),
    good=(_example(NO_DELAY, Stop.ANY_KEY), _example(2, Stop.SHA256), _example(2, commands=None)),
)
def uboot_shell_reachable(uboots: Uboots, policy: Policy | None) -> Findings:
    """Three wires on the serial pins and a key pressed in time give a prompt that reads and writes memory, flash and
    environment, and boots what it is told: whatever the boot loader verifies of itself is passed by. A stop word in
    clear stands in the binary for everybody to read; only its hash does not. Set CONFIG_BOOTDELAY=-2, or ask for a word
    of which the hash is kept; and let `bootcmd` end in `reset`, since a boot that fails falls into the prompt as well.
    Without CONFIG_AUTOBOOT the prompt is all that there is.
    """
    doubts = list(uboots.unread)
    for found in uboots.proper:
        doubt = next((one for one in (found.has_prompt, found.delay, found.stops) if isinstance(one, Unknown)), None)
        if found.has_prompt is False or found.delay == NO_DELAY:
            continue
        if found.has_prompt is True and found.stops is None:
            if isinstance(found.delay, Unknown):
                yield _without_autoboot(found)
            else:
                doubts.append(f"{found.at.part}: it waits {found.delay} s, and what stops it was not recognised")
            continue
        if doubt is not None:
            doubts.append(f"{found.at.part}: {doubt.reason}")
        elif isinstance(found.stops, frozenset) and not found.stops & HASHED:
            yield _finding(found, found.stops, policy)
    if doubts:
        raise Unavailable("; ".join(doubts[:3]))


def _without_autoboot(found: FoundUboot) -> Finding:
    return Finding(
        "no autoboot",
        f"{found.name} boots nothing by itself, and shows a prompt with {len(_commands(found))} commands at once",
        at=found.at,
        remedy=Remedy(
            "Build U-Boot with CONFIG_AUTOBOOT=y, CONFIG_BOOTDELAY=-2 and the boot command of the product",
            Safety.UNSAFE,
            RemedyStage.SOURCE,
            (SetUbootOption("CONFIG_AUTOBOOT", "y"), SetUbootOption("CONFIG_BOOTDELAY", "-2")),
            "what board code or a person at the prompt started does not start: bootcmd is what runs",
        ),
    )


def _finding(found: FoundUboot, stops: frozenset[Stop], policy: Policy | None) -> Finding:
    how = "any key" if Stop.ANY_KEY in stops else "a word that stands in the binary"
    return Finding(
        how,
        f"{found.name} waits {found.delay} s, and {how} gives a prompt with at least {len(_commands(found))} commands",
        at=found.at,
        evidence=f"bootdelay={found.delay}",
        remedy=Remedy(
            "Build U-Boot with CONFIG_BOOTDELAY=-2, or with a hashed stop word (CONFIG_AUTOBOOT_KEYED, "
            "CONFIG_AUTOBOOT_ENCRYPTION, CONFIG_AUTOBOOT_STOP_STR_SHA256)",
            closing(policy),
            RemedyStage.SOURCE,
            (SetUbootOption("CONFIG_BOOTDELAY", "-2"),),
            "" if closing(policy) is Safety.SAFE else "nobody stops the boot at the serial line any more",
        ),
    )


def _commands(found: FoundUboot) -> frozenset[str]:
    return found.commands if isinstance(found.commands, frozenset) else frozenset()
