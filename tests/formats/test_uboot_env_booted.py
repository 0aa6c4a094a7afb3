"""What U-Boot itself takes of an environment: Debian's, in QEMU, with strings in its flash that nobody would write who
means well. It prints what it has, and that is what is read here."""

import random
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from locked_board import spoken

from firmward.formats.malformed import Malformed
from firmward.formats.uboot_env import Environment, parse
from firmward.lab.board import virtual

STOCK = virtual("qemu-arm64").stock
FLASH = 64 << 20
END = b"that is all"
BOOT = {b"bootdelay": b"0", b"bootcmd": b"printenv; echo " + END[:5] + b'"' + END[5:] + b'"'}
"""With a quote in it, so that the command is not taken for what it prints."""
FIRST = (
    b"\xff\xfe=first",
    b"",
    b"=",
    b" \t blank=before",
    b"#bootcmd=comment",
    b"\x01\x02=control",
    b"n" * 200 + b"=long",
)
"""Strings, each of which begins an environment once."""


def stored(strings: list[bytes], size: int = STOCK.environment_size) -> bytes:
    body = b"".join(one + b"\0" for one in strings).ljust(size - 4, b"\0")
    return zlib.crc32(body).to_bytes(4, "little") + body


def odd_strings(chance: random.Random) -> Iterator[bytes]:
    """Names of any bytes, with letters at their ends that tell them apart from what is printed around them; some are
    removed, some are there twice, some behind blanks."""
    signs = bytes(sign for sign in range(1, 256) if sign not in b"\r\n=\\")
    for number in range(150):
        name = b"v%d" % number + bytes(chance.choices(signs, k=chance.randint(0, 20))) + b"z"
        value = bytes(chance.choices(signs, k=chance.randint(1, 30))) + b"."
        yield chance.choice((b"", b" ", b"\t ", b"#")) + name + b"=" + value
        if chance.random() < 0.3:
            yield name + chance.choice((b"", b"=", b"=again."))
    yield b"\xff\xffbegins=odd."


def read(data: bytes) -> Environment:
    return parse(lambda offset, length: data[offset : offset + length])


def printed(said: bytes) -> dict[bytes, bytes]:
    lines = said.replace(b"\r", b"").split(b"\n")
    return {name: value for name, sign, value in (line.partition(b"=") for line in lines) if sign}


@pytest.mark.skipif(
    shutil.which("qemu-system-aarch64") is None or not Path(STOCK.loader).exists(),
    reason="QEMU or its U-Boot is missing",
)
@pytest.mark.parametrize("seed", [1, 2])
def test_u_boot_has_the_variables_that_are_read(seed: int, tmp_path: Path) -> None:
    strings = list(odd_strings(random.Random(seed)))
    if seed == 2:
        strings.reverse()  # begins with the odd name
    strings += [name + b"=" + value for name, value in BOOT.items()]
    flash = tmp_path / "flash"
    flash.write_bytes(stored(strings))
    with flash.open("r+b") as file:
        file.truncate(FLASH)
    command = [
        "qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a57", "-m", "128", "-nographic", "-nodefaults",
        "-serial", "stdio", "-monitor", "none", "-bios", STOCK.loader,
        "-drive", f"if=pflash,unit=1,format=raw,file={flash}",
    ]  # fmt: skip
    theirs = printed(b"".join(spoken(command, b"", b"\n" + END, 60)))
    ours = {
        name.encode("utf-8", "surrogateescape"): value.encode("utf-8", "surrogateescape")
        for name, value in read(flash.read_bytes()[: STOCK.environment_size]).imported.items()
    }
    assert len(ours) > 80
    assert {name: value for name, value in theirs.items() if name.endswith(b"z") or name == b"\xff\xffbegins"} == {
        name: value for name, value in ours.items() if name not in BOOT
    }


@pytest.mark.parametrize("first", FIRST)
@pytest.mark.parametrize("flag", [b"", b"\0", b"\x01", b"\xff"])
def test_an_environment_may_begin_with_anything(first: bytes, flag: bytes) -> None:
    body = (flag + first + b"\0bootcmd=run his\0his=go 40000000\0\0").ljust(4092, b"\0")
    found = read(zlib.crc32(body).to_bytes(4, "little") + body)
    assert found.imported["bootcmd"] == "run his"
    assert found.imported["his"] == "go 40000000"


@given(st.binary(max_size=80).filter(lambda one: b"\0" not in one), st.sampled_from(["little", "big"]))
def test_whatever_the_first_string_is_the_others_are_read(first: bytes, order: str) -> None:
    body = (first + b"\0bootcmd=boot\0\0").ljust(8188, b"\0")
    found = read(zlib.crc32(body).to_bytes(4, "big" if order == "big" else "little") + body)
    assert found.variables["bootcmd"] == "boot"
    assert found.order == order


def test_bytes_that_are_no_name_are_not_told_apart_by_their_checksum_alone() -> None:
    """Without a name that means something, what has a checksum by chance would be an environment."""
    body = b"\xff\xfe=1\0\0".ljust(4092, b"\0")
    with pytest.raises(Malformed, match="no name of a variable"):
        read(zlib.crc32(body).to_bytes(4, "little") + body)


def test_a_sign_of_removal_counts() -> None:
    body = b"a=1\0b=1\0a\0b=\0bootcmd=x\0\0".ljust(4092, b"\0")
    assert read(zlib.crc32(body).to_bytes(4, "little") + body).imported == {"bootcmd": "x"}
