"""Where the kernel's messages and its console go: the command lines, U-Boot's own environment, the device tree.

Rules (Linux admin-guide/serial-console, kernel-parameters). `console=` may come several times: messages go to all,
/dev/console is the last. `console=`, `console=null` and `ttynull` are none. Without the word the kernel takes the
device tree's `stdout-path`, and where there is none the first terminal that registers, which only the kernel knows.
`earlycon` and `earlyprintk` write to a serial line before drivers are there; `keep` and `keep_bootcon` go on. A serial
line is called tty with a capital letter (`ttyS0`, `ttyAMA0`), or ttymxc0; a screen is tty with a number alone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.device_trees import DeviceTrees
from firmward.facts.kernel_command_line import CommandLine, KernelCommandLine
from firmward.facts.uboots import Uboots
from firmward.formats import boot_arguments
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location

SERIAL = re.compile(r"tty(?:[A-Z][A-Za-z]*|mxc)\d*|tts/\d+|serial\d+|uart(?:8250)?")
NOTHING = frozenset(("", "null", "ttynull"))
EARLY = ("earlycon", "earlyprintk")
SCREENS = re.compile(r"(?:vga|efi|efifb|xen|dbgp|xdbc|mmio32\S*ttynull)")
"""What early messages may go to that is no serial line."""


@dataclass(frozen=True, slots=True)
class ConsoleWord:
    """A word of a command line, as `text`, that sends messages to a `device` (`ttyS0`; `earlycon` where none is named).
    `at` is where the line stands, and `is_early` whether the word is for the time before drivers."""

    text: str
    device: str
    at: Location
    is_early: bool = False

    @property
    def is_serial(self) -> bool:
        return self.is_early or is_serial(self.device)


@dataclass(frozen=True, slots=True)
class Consoles:
    """The `words` of all command lines, and `main`, the devices that /dev/console may be, Unknown where nothing tells.
    `is_whole` says that a line was seen beside which the boot loader gives no other words; `has_generator` is false
    where a line says `systemd.getty_auto=no`. `unread` says in words what could not be read.
    """

    words: tuple[ConsoleWord, ...]
    main: frozenset[str] | Unknown
    is_whole: bool = True
    has_generator: bool = True
    unread: tuple[str, ...] = ()

    @property
    def is_main_serial(self) -> bool | Unknown:
        """Whether /dev/console is a serial line."""
        return self.main if isinstance(self.main, Unknown) else any(is_serial(one) for one in self.main)


def is_serial(device: str) -> bool:
    """By its name below /dev."""
    return SERIAL.fullmatch(device) is not None


def collect(
    lines: KernelCommandLine | None | Unknown, uboots: Uboots | None | Unknown, trees: DeviceTrees | None | Unknown
) -> Consoles:
    known = list(lines.lines) if isinstance(lines, KernelCommandLine) else []
    known += _built_in(uboots)
    if not known and not isinstance(trees, DeviceTrees):
        raise Unavailable(lines.reason if isinstance(lines, Unknown) else "no command line of the kernel is known")
    unread = lines.unread if isinstance(lines, KernelCommandLine) else ()
    words = dict.fromkeys(word for line in known for word in _words(line))
    automatic = not any((line.get("systemd.getty_auto") or "") in ("0", "no", "false", "off") for line in known)
    return Consoles(tuple(words), _main(known, trees), any(line.is_whole for line in known), automatic, unread)


def _built_in(uboots: Uboots | None | Unknown) -> Iterator[CommandLine]:
    """What U-Boot's built-in environment makes of `bootargs`."""
    for found in uboots.proper if isinstance(uboots, Uboots) else ():
        for text in boot_arguments.environment(found.variables):
            yield CommandLine(boot_arguments.arguments(text), found.at, is_whole=True)


def _words(line: CommandLine) -> Iterator[ConsoleWord]:
    for word in line.arguments:
        value = word.value or ""
        if word.name == "console":
            yield ConsoleWord(str(word), _device(value), line.at)
        elif word.name in EARLY and not SCREENS.match(value):
            device = _device(value)
            yield ConsoleWord(str(word), device if is_serial(device) else word.name, line.at, is_early=True)


def _device(value: str) -> str:
    return value.partition(",")[0].removeprefix("/dev/")


def _main(lines: list[CommandLine], trees: DeviceTrees | None | Unknown) -> frozenset[str] | Unknown:
    """Whole lines count before pieces; a line without the word leaves it to the device tree."""
    told: set[str] = set()
    for group in ([one for one in lines if one.is_whole], [one for one in lines if not one.is_whole]):
        last = [values[-1] for one in group if (values := one.all("console"))]
        told |= {_device(value) for value in last if _device(value) not in NOTHING}
        if last:
            return frozenset(told) if not any("$" in one for one in told) else Unknown("console= is not known in words")
    if not isinstance(trees, DeviceTrees) or not trees.candidates:
        return Unknown("no command line in the image names the console")
    chosen = trees.whether(lambda one: one.stdout is not None and one.stdout.is_enabled and one.stdout.kind == "uart")
    if isinstance(chosen, Unknown):
        return chosen
    return frozenset(("uart",)) if chosen else Unknown("neither a command line nor the device tree names the console")
