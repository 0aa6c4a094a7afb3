"""What a dump says depends on the chip, which the image around it tells; what the dump has not is not known."""

import struct

import pytest

from firmward.facts.collection import Collection
from firmward.facts.fuses import Debug, Fuses
from firmward.formats.chip_fuses import CHIPS
from firmward.model.memory import MemoryTree
from firmward.model.parts import OpenPart, Parts
from firmward.model.report import Part, Role


class Bytes:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)

    def read(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]


def tree(*names: str) -> bytes:
    """A device tree whose root calls itself so."""
    value = b"".join(name.encode() + b"\0" for name in names)
    padded = value + bytes(-len(value) % 4)
    structure = struct.pack(">II", 1, 0) + struct.pack(">III", 3, len(value), 0) + padded + struct.pack(">II", 2, 9)
    strings = b"compatible\0"
    at = 56
    head = (0xD00DFEED, at + len(structure) + len(strings), at, at + len(structure), 40, 17, 16, 0)
    return struct.pack(">10I", *head, len(strings), len(structure)) + bytes(16) + structure + strings


def printed(**words: int) -> bytes:
    """`bank0_6=2` as `fuse read 0 6` prints it."""
    rows = []
    for name, value in words.items():
        bank, word = name.removeprefix("bank").split("_")
        rows.append(f"Reading bank {bank}:\n\nWord 0x{int(word):08x}: {value:08x}\n")
    return "".join(rows).encode()


def collected(dump: bytes, *names: str, kind: str | None = None) -> Fuses:
    parts = [OpenPart(Part("image", "given")), OpenPart(Part("given/fuses", "fuses"), Bytes(dump))]
    if names:
        parts.append(OpenPart(Part("given/dtb", "device-tree", role=Role.DEVICE_TREE), Bytes(tree(*names))))
    if kind is not None:
        parts.append(OpenPart(Part("image/first", kind), Bytes(b"")))
    image = Parts("image", {one.part.id: one for one in parts})
    found = Collection(MemoryTree({}), parts=image).get(Fuses)
    assert isinstance(found, Fuses), found
    return found


BURNT = {f"bank3_{word}": 0x59375220 for word in range(8)}
KEYS = {f"bank{bank}_{word}": 0x59375220 for bank in (6, 7) for word in range(4)}


@pytest.mark.parametrize(
    ("names", "words", "secure", "burnt", "debug"),
    [
        (("fsl,imx6q-sabresd", "fsl,imx6q"), {"bank0_6": 2, "bank5_6": 0, **BURNT}, True, True, Debug.OPEN),
        (("fsl,imx6ull",), {"bank0_6": 0x00C00012, "bank5_6": 0, **BURNT}, True, True, Debug.CLOSED),
        (("fsl,imx6ul",), {"bank0_6": 0x00100000, "bank5_6": 0}, False, None, Debug.CLOSED),
        (("fsl,imx6q",), {"bank0_6": 0x00400002, "bank5_6": 0}, True, None, Debug.UNKNOWN),
        (("fsl,imx6q",), {"bank0_6": 2, "bank5_6": 1, **BURNT}, False, True, Debug.OPEN),
        (("fsl,imx6q",), {"bank0_6": 2}, None, None, Debug.OPEN),
        (("fsl,imx6q",), {"bank1_3": 0x02000000}, None, None, Debug.UNKNOWN),
        (("fsl,imx7d",), {"bank1_3": 0x02000000, "bank8_3": 0, **KEYS}, True, True, Debug.OPEN),
        (("fsl,imx7d",), {"bank1_3": 0x02200000, "bank8_3": 0, **KEYS}, True, True, Debug.CLOSED),
        (("fsl,imx7ulp",), {"bank29_6": 0x80000000, "bank9_6": 0}, True, None, Debug.UNKNOWN),
        (("fsl,imx7ulp",), {"bank29_6": 0x00000001, "bank1_1": 0x20}, False, None, Debug.CLOSED),
        (("fsl,imx8mm-evk", "fsl,imx8mm"), {"bank1_3": 0x02000000, "bank8_3": 0}, True, None, Debug.UNKNOWN),
        (("fsl,imx8mq",), {"bank1_3": 0x01ffffff}, False, None, Debug.UNKNOWN),
        (("fsl,imx8mp",), {"bank1_3": 0x02000000, "bank8_3": 4, **KEYS}, True, True, Debug.UNKNOWN),
        (("fsl,imx8mp",), {"bank1_3": 0x02000000, "bank8_3": 0x28001405}, False, None, Debug.UNKNOWN),
        (("fsl,imx8qxp",), {"bank0_6": 2, "bank5_6": 0}, None, None, Debug.UNKNOWN),
        (("fsl,imx93",), {"bank0_6": 2, "bank5_6": 0}, None, None, Debug.UNKNOWN),
        (("st,stm32mp157c-dk2", "st,stm32mp157"), {"bank0_0": 0x57}, True, None, Debug.UNKNOWN),
        (("st,stm32mp157",), {"bank0_0": 0x17}, False, None, Debug.UNKNOWN),
        (("st,stm32mp135",), {"bank0_0": 0x3F, "bank0_24": 7}, True, True, Debug.UNKNOWN),
        (("st,stm32mp135",), {"bank0_0": 0x17}, False, None, Debug.UNKNOWN),
        (("st,stm32mp135",), {"bank0_0": 0x28}, None, None, Debug.UNKNOWN),
        (("st,stm32mp257",), {"bank0_18": 1}, True, None, Debug.UNKNOWN),
        (("st,stm32mp257",), {"bank0_18": 0xF0}, False, None, Debug.UNKNOWN),
        (("ti,am335x-bone", "ti,am33xx"), {"bank0_6": 2}, None, None, Debug.UNKNOWN),
        (("rockchip,rk3399",), {"bank0_6": 2, "bank5_6": 0}, None, None, Debug.UNKNOWN),
    ],
)  # fmt: skip
def test_each_chip_is_read_by_its_own_table(
    names: tuple[str, ...], words: dict[str, int], secure: bool | None, burnt: bool | None, debug: Debug
) -> None:
    found = collected(printed(**words), *names)
    assert (found.secure_boot, found.key_hash_burnt, found.debug) == (secure, burnt, debug)
    if secure is None:
        assert found.unread


def test_a_dump_of_all_words_is_counted_in_banks() -> None:
    words = [1] * 128
    words[6], words[46], words[24:32] = 0x00C00002, 0, [0] * 8
    found = collected(struct.pack("<128I", *words), "fsl,imx6ull")
    assert (found.soc, found.secure_boot, found.key_hash_burnt, found.debug) == ("i.MX6", True, False, Debug.CLOSED)
    words[7], words[35] = 0x02000000, 0
    assert collected(struct.pack("<128I", *words), "fsl,imx8mm").secure_boot is True


def test_the_secure_bit_of_an_allwinner_stands_in_its_last_words() -> None:
    words = [0x02C00042] + [0] * 63
    assert (
        collected(struct.pack("<64I", *words), "xunlong,orangepi-zero", "allwinner,sun8i-h2-plus").secure_boot is False
    )
    words[0x3D] = 1 << 11
    assert collected(struct.pack("<64I", *words), "allwinner,sun8i-h3").secure_boot is True
    assert collected(struct.pack("<64I", *words), "allwinner,sun50i-a64").secure_boot is None


def test_without_a_chip_nothing_is_known() -> None:
    found = collected(printed(bank0_6=2, bank5_6=0))
    assert (found.soc, found.secure_boot, found.debug) == (None, None, Debug.UNKNOWN)
    assert "not known of which chip" in found.unread[0]


def test_chips_that_read_the_dump_differently_leave_it_open() -> None:
    found = collected(printed(bank0_6=2, bank5_6=0), kind="imx-ivt")
    assert (found.soc, found.secure_boot) == (None, None)
    assert "differently" in found.unread[0]
    alike = collected(printed(bank0_0=0x40 | 0x3F, bank0_24=1), kind="stm32")
    assert alike.secure_boot is None, "an STM32MP2 has it elsewhere"


def test_what_starts_narrows_down_what_the_trees_leave_open() -> None:
    both = ("fsl,imx6q", "st,stm32mp157")
    assert collected(printed(bank0_6=0), *both).secure_boot is None
    assert collected(printed(bank0_6=0), *both, kind="imx-ivt").secure_boot is False


def test_the_policy_s_board_tells_the_chip_where_nothing_else_does() -> None:
    found = collected(printed(bank0_6=0))
    assert found.of_board("imx6ull-14x14-evk").secure_boot is False
    assert found.of_board("phytec-mira") is found
    assert found.of_board(None) is found
    known = collected(printed(bank0_6=0), "st,stm32mp157")
    assert known.of_board("imx6q").soc == "STM32MP15", "the device tree is of the image"


def test_every_chip_tells_something_or_says_why_not() -> None:
    assert all((chip.closed is None) == bool(chip.why) for chip in CHIPS)
