"""Headers, tables and scripts of legacy images as mkimage writes them."""

import random
import re
import struct
import subprocess
import zlib
from datetime import UTC, datetime
from pathlib import Path
from shutil import which

import pytest
from real.packages import unpacked
from real.roots import NoPackagesError

from firmward.formats import uimage
from firmward.formats.malformed import Malformed

KINDS = ("standalone", "kernel", "ramdisk", "multi", "firmware", "script", "filesystem", "kernel_noload")
DATA = b"echo one\nbootm 0x82000000\n"


def read(data: bytes) -> uimage.Read:
    return lambda offset, length: data[offset : offset + length]


def parsed(data: bytes) -> uimage.Header:
    return uimage.parse_header(data[:64])


@pytest.fixture
def make(tmp_path: Path):
    program = which("mkimage")
    if program is None:
        pytest.skip("mkimage is not installed")

    def call(*options: str, files: tuple[bytes, ...] = (DATA,)) -> bytes:
        for number, data in enumerate(files):
            (tmp_path / f"file{number}").write_bytes(data)
        names = ":".join(f"file{number}" for number in range(len(files)))
        command = [program, *options, "-d", names, "out"]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, env={"SOURCE_DATE_EPOCH": "1700000000"})
        return (tmp_path / "out").read_bytes()

    return call


@pytest.mark.parametrize("kind", KINDS)
def test_every_type(kind: str, make) -> None:
    image = make(
        "-A", "mips", "-O", "linux", "-T", kind, "-C", "none", "-a", "80001000", "-e", "0x80002000", "-n", "me"
    )
    header = parsed(image)
    assert (header.kind, header.architecture, header.system, header.name) == (kind, "mips", "linux", "me")
    assert (header.load, header.entry, header.size) == (0x80001000, 0x80002000, len(image) - 64)
    assert header.made == datetime.fromtimestamp(1700000000, UTC)
    assert uimage.holds(read(image), header)


@pytest.mark.parametrize(
    ("option", "field", "known"),
    [("-A", "architecture", uimage.ARCHITECTURES), ("-O", "system", uimage.SYSTEMS),
     ("-C", "compression", uimage.COMPRESSIONS)],
)  # fmt: skip
def test_every_name_that_mkimage_lists(option: str, field: str, known: tuple[str, ...], make) -> None:
    listed = subprocess.run(["mkimage", option, "list"], capture_output=True, text=True).stderr
    names = re.findall(r"^\t(\S+) ", listed, re.MULTILINE)
    assert len(names) >= 7
    for name in set(names) - {"ppc"}:
        options = {"-A": "arm", "-O": "linux", "-C": "none", option: name}
        image = make("-T", "kernel", *(word for pair in options.items() for word in pair))
        assert getattr(parsed(image), field) == name
        assert name in known


def test_the_types_that_mkimage_lists_are_known() -> None:
    if which("mkimage") is None:
        pytest.skip("mkimage is not installed")
    listed = subprocess.run(["mkimage", "-T", "list"], capture_output=True, text=True).stderr
    assert set(re.findall(r"^\t(\S+) ", listed, re.MULTILINE)) <= set(uimage.KINDS)


def test_images_lie_where_the_table_says(make) -> None:
    files = (b"first", b"second image", b"3" * 1001)
    image = make("-T", "multi", "-A", "arm", "-C", "none", files=files)
    places = uimage.images(read(image), parsed(image))
    assert tuple(image[place.offset : place.offset + place.size] for place in places) == files


def test_a_script_is_its_text(make) -> None:
    image = make("-T", "script", "-A", "arm", "-C", "none")
    assert uimage.script(read(image), parsed(image)) == DATA.decode()
    kernel = make("-T", "kernel", "-A", "arm", "-C", "none")
    with pytest.raises(Malformed, match="no script"):
        uimage.script(read(kernel), parsed(kernel))


def header_bytes(kind: int = 6, size: int = 8, numbers: tuple[int, ...] = (5, 99, 99, 99)) -> bytes:
    fields = (0x27051956, 0, 0, size, 0, 0, 0, numbers[0], numbers[1], kind, numbers[3], b"x")
    plain = struct.pack(">7I4B32s", *fields)
    return plain[:4] + zlib.crc32(plain).to_bytes(4, "big") + plain[8:]


def test_numbers_without_a_name_are_told() -> None:
    header = parsed(header_bytes(kind=200, numbers=(200, 201, 0, 202)))
    assert (header.kind, header.system, header.architecture, header.compression) == (
        "type-200", "system-200", "architecture-201", "compression-202",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (struct.pack(">2I", 1 << 31, 0), "does not fit"),
        (struct.pack(">2I", 100, 0), "does not fit"),
        (struct.pack(">2I", 0, 0), "no text"),
        (b"\1" * 8, "no end"),
        (b"", "no end"),
    ],
)
def test_scripts_that_cannot_be(data: bytes, words: str) -> None:
    image = header_bytes() + data
    with pytest.raises(Malformed, match=words):
        uimage.script(read(image), parsed(image))


def test_what_is_cut_off_is_told(make) -> None:
    image = make("-T", "script", "-A", "arm", "-C", "none")
    with pytest.raises(Malformed, match="cut off"):
        uimage.holds(read(image[:-1]), parsed(image))
    with pytest.raises(Malformed, match="cut off"):
        uimage.script(read(image[:-1]), parsed(image))
    changed = image[:-1] + b"!"
    assert not uimage.holds(read(changed), parsed(image))


def test_hostile_bytes_give_malformed_alone() -> None:
    chance = random.Random(2)
    for _ in range(2000):
        data = bytearray(header_bytes(kind=chance.choice((4, 6, 2)), size=chance.choice((0, 8, 1 << 31))))
        data += chance.randbytes(chance.randrange(300))
        if chance.random() < 0.3:
            data[chance.randrange(64)] ^= 1 << chance.randrange(8)
        try:
            header = parsed(bytes(data))
            uimage.images(read(bytes(data)), header)
            uimage.script(read(bytes(data)), header)
        except Malformed:
            pass


INSTALLER = {"debian-installer-12-netboot-armhf": 1, "debian-installer-12-netboot-armel": 2}


@pytest.mark.proof
@pytest.mark.parametrize("package", INSTALLER)
def test_the_installers_images(package: str) -> None:
    try:
        folder = unpacked(package, "all")
    except NoPackagesError:
        pytest.skip("Debian's archive is out of reach")
    kinds = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        data = path.read_bytes()
        if data[:4] != uimage.MAGIC:
            continue
        header = parsed(data)
        kinds.append(header.kind)
        told = subprocess.run(["mkimage", "-l", path], capture_output=True, text=True, check=True).stdout
        assert f"Image Name:   {header.name}".strip() in told
        assert f"Data Size:    {header.size} Bytes" in told
        assert uimage.holds(read(data), header)
        if header.kind == "script":
            assert "boot" in uimage.script(read(data), header)
    assert len(kinds) >= INSTALLER[package]
