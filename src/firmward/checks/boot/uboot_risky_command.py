"""uboot-risky-command"""

import re
from dataclasses import dataclass

from firmward.facts.uboots import NO_DELAY, FoundUboot, Stage, Stop, Uboots
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.remedy import Remedy, Safety, SetUbootOption
from firmward.model.remedy import Stage as RemedyStage

WITH_PROMPT = "setenv"
WORD = re.compile(r"\w+")
ENDS_IN_RESET = re.compile(r"(?:^|;|\|\|)\s*reset\s*;?\s*$")
PLAIN = re.compile(r"[ !#-\[\]-~]{1,900}")
"""What stands in a text of Kconfig without being escaped."""
HASHED = frozenset((Stop.SHA256, Stop.CRYPT))


@dataclass(frozen=True, slots=True)
class Row:
    """Commands by their names at the prompt, what somebody does with them, and the options that build them in."""

    key: str
    commands: str
    danger: str
    options: str
    with_signatures: bool = False
    """It matters where signatures of FITs are verified alone."""
    beside: str = ""
    """What else stops working without the options."""


ROWS = (
    Row("memory", "md mw mm nm", "read secrets out of memory and change the code that runs", "CMD_MEMORY"),
    Row("fuse", "fuse otp", "read fuses, and burn them for ever", "CMD_FUSE CMD_STM32PROG_OTP"),
    Row("network", "tftp tftpboot dhcp nfs wget bootp", "load and boot what somebody in the network serves", "CMD_NET"),
    Row("serial-load", "loadb loads loadx loady", "load code over the serial line", "CMD_LOADB CMD_LOADS"),
    Row("environment", "saveenv setenv", "change what is booted from now on", "CMD_SAVEENV"),
    Row("go", "go bootelf", "run code that nothing verified", "CMD_GO CMD_ELF"),
    Row("usb-device", "dfu fastboot ums usb_ums", "read and write the flash over USB", "CMD_DFU CMD_FASTBOOT "
        "CMD_USB_MASS_STORAGE"),
    Row("flash-write", "sf nand mmc", "rewrite boot loader and system", "CMD_SF CMD_NAND CMD_MMC"),
    Row("unsigned-boot", "booti bootz", "boot a bare kernel beside the required key", "CMD_BOOTI CMD_BOOTZ "
        "DISTRO_DEFAULTS", True, ", and distro_bootcmd, which starts such kernels, is gone: set CONFIG_BOOTCOMMAND"),
)  # fmt: skip


def _example(*commands: str, verifies: bool = False, boots: str = "bootm") -> Example:
    found = FoundUboot(
        Location(part="image/u-boot"),
        "2023.01",
        frozenset((Stage.PROPER,)),
        frozenset(commands),
        verifies_fits=verifies,
        variables={"bootcmd": boots},
    )
    return Example(facts=(Uboots((found,)),))


@check(
    title="U-Boot has commands that an attacker at its prompt would ask for",
    severity=Severity.MEDIUM,
    practice="P04",
    cwe=749,
    bad=(*(_example("bootm", row.commands.split()[0], verifies=row.with_signatures) for row in ROWS),),
    good=(
        _example("bootm", "run", "reset"),
        _example("bootm", "booti"),
        _example("bootm", "setenv", boots="mmc read 1 2 3; bootm 1; reset"),
    ),
)
def uboot_risky_command(uboots: Uboots) -> Findings:
    """A prompt that nobody should reach is reached now and then: by a glitch, by a boot that fails, by a stop word that
    leaked. What it can do then is what was built in, and most of what is built in by default serves development. A
    product's U-Boot needs `bootm`, `run` and what its own boot command calls. What the boot command itself needs has to
    stay, and is told all the same: accept it with a reason. `setenv` comes with every prompt and cannot be left out: it
    ends with the prompt itself, where no key stops the boot and a boot command that fails ends in `reset`.
    """
    doubts = list(uboots.unread)
    for found in uboots.proper:
        if isinstance(found.commands, Unknown):
            doubts.append(f"{found.at.part}: {found.commands.reason}")
        elif found.commands is not None:
            yield from _findings(found, found.commands)
    if doubts:
        raise Unavailable("; ".join(doubts[:3]))


def _findings(found: FoundUboot, commands: frozenset[str]) -> Findings:
    for row in ROWS:
        there = [name for name in row.commands.split() if name in commands]
        if not there or (row.with_signatures and found.verifies_fits is not True):
            continue
        names = ", ".join(there)
        if names == WITH_PROMPT and _is_closed(found):
            continue
        danger = "change what is booted this time" if names == WITH_PROMPT else row.danger
        yield Finding(
            row.key,
            f"{found.name} has {names}: at its prompt one can {danger}",
            at=found.at,
            evidence=names,
            severity=Severity.LOW if names == WITH_PROMPT else None,
            remedy=_cure(row, found, there),
        )


def _is_closed(found: FoundUboot) -> bool:
    """Neither a key nor a boot that fails gives the prompt."""
    is_stopped = found.delay != NO_DELAY and not (isinstance(found.stops, frozenset) and found.stops & HASHED)
    return not is_stopped and ENDS_IN_RESET.search(found.variables.get("bootcmd", "")) is not None


def _cure(row: Row, found: FoundUboot, there: list[str]) -> Remedy:
    """What its own boot command calls stays; what comes with the prompt goes with it."""
    called = frozenset(word for value in found.variables.values() for word in WORD.findall(value))
    own = [name for name in there if name != WITH_PROMPT]
    used = [name for name in own if name in called]
    if used:
        return _by_hand(f"Accept it with a reason, since its boot command calls {', '.join(used)}")
    summary, breaks, changes = list[str](), list[str](), list[SetUbootOption]()
    if own:
        names = ", ".join(own)
        summary.append(f"Build U-Boot without {names}")
        breaks.append(f"a boot script, or a person at the prompt, that calls {names} cannot any more{row.beside}")
        changes += [SetUbootOption(f"CONFIG_{option}", "n") for option in row.options.split()]
    closing = _closing(found) if WITH_PROMPT in there else ()
    if closing:
        summary.append("Let the boot command end in reset, and no key stop it")
        breaks.append("a boot that fails is tried again and again, and nobody mends it at the serial line")
        changes += closing
    if not changes:
        return _by_hand(f"Let the boot command end in reset and no key stop it: {WITH_PROMPT} comes with every prompt")
    return Remedy(". ".join(summary), Safety.UNSAFE, RemedyStage.SOURCE, tuple(changes), ", and ".join(breaks))


def _by_hand(summary: str) -> Remedy:
    return Remedy(summary, Safety.MANUAL, RemedyStage.SOURCE)


def _closing(found: FoundUboot) -> tuple[SetUbootOption, ...]:
    """What ends the prompt; nothing where the boot command is not known, or cannot be written."""
    command = found.variables.get("bootcmd", "").strip().rstrip(";")
    if not command or not PLAIN.fullmatch(command):
        return ()
    ending = command if ENDS_IN_RESET.search(command) else f"{command}; reset"
    return (
        SetUbootOption("CONFIG_BOOTDELAY", str(NO_DELAY)),
        SetUbootOption("CONFIG_USE_BOOTCOMMAND", "y"),
        SetUbootOption("CONFIG_BOOTCOMMAND", f'"{ending}"'),
    )
