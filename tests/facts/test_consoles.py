"""Where the console is, by all that may say it."""

import pytest
from beside import around

from firmward.facts.collection import Collection
from firmward.facts.consoles import Consoles, collect, is_serial
from firmward.facts.device_trees import Choice, DeviceNode, DeviceTrees, FoundTree
from firmward.facts.uboots import FoundUboot, Stage, Uboots
from firmward.image.source import Bytes
from firmward.model.facts import Unknown
from firmward.model.location import Location
from firmward.model.memory import MemoryTree
from firmward.model.parts import OpenPart
from firmward.model.report import Part

EXTLINUX = "boot/extlinux/extlinux.conf"
UART = DeviceNode("/serial@1", ("arm,pl011",), is_enabled=True, kind="uart")


def of_line(text: str) -> Consoles:
    found = Collection(MemoryTree({EXTLINUX: f"label a\n append {text}\n"})).get(Consoles)
    assert isinstance(found, Consoles), found
    return found


def board(*stdouts: DeviceNode | None) -> DeviceTrees:
    choice = Choice.BOOTS if len(stdouts) == 1 else Choice.POSSIBLE
    return DeviceTrees(
        tuple(FoundTree(Location(part=f"image/{n}"), choice=choice, stdout=one) for n, one in enumerate(stdouts))
    )


NAMES = {
    "ttyS0": True, "ttyAMA0": True, "ttymxc1": True, "ttyO0": True, "ttySTM0": True, "ttyLP3": True, "ttyGS0": True,
    "serial0": True, "tts/0": True, "uart8250": True, "tty0": False, "tty1": False, "tty": False, "console": False,
    "ttynull": False, "null": False, "": False, "hvc0": False, "ttyprintk": False,
}  # fmt: skip


@pytest.mark.parametrize(("name", "expected"), NAMES.items())
def test_a_serial_line_is_told_by_its_name(name: str, expected: bool) -> None:
    assert is_serial(name) is expected


LINES = {
    "console=ttyS0,115200n8": ({"ttyS0"}, ["ttyS0"]),
    "console=ttyS0 console=tty1": ({"tty1"}, ["ttyS0"]),
    "console=tty1 console=ttyAMA0": ({"ttyAMA0"}, ["ttyAMA0"]),
    "console=ttynull": (set(), []),
    "console= quiet": (set(), []),
    "console=uart8250,mmio32,0xff1a0000": ({"uart8250"}, ["uart8250"]),
    "console=tty1 earlycon": ({"tty1"}, ["earlycon"]),
    "console=tty1 earlycon=pl011,0x9000000": ({"tty1"}, ["earlycon"]),
    "console=tty1 earlyprintk=ttyS0,115200,keep": ({"tty1"}, ["ttyS0"]),
    "console=tty1 earlyprintk=vga": ({"tty1"}, []),
    "console=tty1 earlycon=efifb": ({"tty1"}, []),
    "root=/dev/sda2 -- console=ttyS0": (None, []),
}


@pytest.mark.parametrize(("text", "expected"), LINES.items(), ids=LINES)
def test_the_last_word_is_the_console(text: str, expected: tuple[set[str] | None, list[str]]) -> None:
    found = of_line(text)
    main = None if isinstance(found.main, Unknown) else set(found.main)
    assert (main, [word.device for word in found.words if word.is_serial]) == expected


def test_without_the_word_the_device_tree_says_it() -> None:
    assert collect(None, None, board(UART)).is_main_serial is True
    assert collect(None, None, board(UART, UART)).is_main_serial is True
    assert isinstance(collect(None, None, board(UART, None)).is_main_serial, Unknown)
    assert isinstance(collect(None, None, board(None)).is_main_serial, Unknown), "the kernel takes what it finds"
    assert not collect(None, None, board(UART)).is_whole


def test_what_a_boot_loader_was_built_with_counts() -> None:
    variables = {"console": "ttymxc0", "baudrate": "115200", "args": "setenv bootargs console=${console},${baudrate}"}
    at = Location(part="image/u-boot")
    loaders = Uboots((FoundUboot(at, "2023.01", frozenset((Stage.PROPER,)), variables=variables),))
    found = collect(None, loaders, None)
    assert [(word.text, word.at) for word in found.words] == [("console=ttymxc0,115200", at)]
    assert found.is_whole


def test_a_line_in_the_device_tree_is_only_a_piece() -> None:
    config = OpenPart(Part("image/config", "kernel-config", "image"), Bytes(b'CONFIG_CMDLINE="console=ttyS1"\n'))
    found = Collection(MemoryTree({}), parts=around(config)).get(Consoles)
    assert isinstance(found, Consoles)
    assert (found.main, found.is_whole) == (frozenset(("ttyS1",)), False)
    both = Collection(MemoryTree({EXTLINUX: "append console=tty1\n"}), parts=around(config)).get(Consoles)
    assert isinstance(both, Consoles)
    assert both.main == frozenset(("tty1",))


def test_systemds_generator_may_be_told_to_keep_out() -> None:
    assert of_line("console=ttyS0").has_generator
    assert not of_line("console=ttyS0 systemd.getty_auto=no").has_generator
