"""Kernel images: what their headers say, where the kernel lies in them, and what it says of itself."""

import bz2
import gzip
import lzma
import random
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import kernel_samples as samples
import pytest
from mutated import mutated
from real.packages import kernel
from real.roots import NoPackagesError

from firmward.formats import ikconfig, kernel_banner, kernel_image, kernel_payload, kernel_zimage
from firmward.formats.malformed import Malformed
from firmward.formats.occurrences import Read, occurrences
from firmward.image.opening import open_image

PLAIN = samples.vmlinux()
GZIP = gzip.compress(PLAIN, mtime=0)


def reader(data: bytes) -> Read:
    return lambda offset, length: data[offset : offset + length]


def parsed(data: bytes) -> kernel_image.KernelImage:
    return kernel_image.parse(reader(data), len(data))


def said(data: bytes) -> kernel_image.Identity:
    return kernel_image.identity(reader(data), len(data))


def program(*command: str) -> Callable[[bytes], bytes]:
    def run(data: bytes) -> bytes:
        if shutil.which(command[0]) is None:
            pytest.skip(f"{command[0]} is not installed")
        return subprocess.run(command, input=data, capture_output=True, check=True).stdout

    return run


COMPRESSIONS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", lambda data: gzip.compress(data, mtime=0)),
    "gzip-9": ("gzip", program("gzip", "-n9c")),
    "bzip2": ("bzip2", bz2.compress),
    "xz": ("xz", lambda data: lzma.compress(data, check=lzma.CHECK_CRC32)),
    "lzma": ("lzma", lambda data: lzma.compress(data, lzma.FORMAT_ALONE)),
    "lzma-9": ("lzma", program("lzma", "-9c")),
    "lzma-openwrt": (
        "lzma",
        lambda data: lzma.compress(
            data,
            lzma.FORMAT_ALONE,
            filters=[{"id": lzma.FILTER_LZMA1, "lc": 1, "lp": 2, "pb": 2, "dict_size": 1 << 23}],
        ),
    ),
    "lzo": ("lzo", program("lzop", "-c")),
    "lz4": ("lz4", program("lz4", "-lc")),
    "zstd": ("zstd", program("zstd", "-22", "--ultra", "-c")),
}
compressions = pytest.mark.parametrize("how", COMPRESSIONS)


@compressions
def test_the_compression_is_told_by_what_a_real_program_writes(how: str) -> None:
    name, compress = COMPRESSIONS[how]
    packed = compress(PLAIN)
    assert kernel_payload.compression_of(packed) == name
    assert parsed(samples.bzimage(packed)).payload == kernel_payload.Payload(name, 2048 + 600, len(packed))
    assert parsed(samples.zimage(packed + b"size")).payload == kernel_payload.Payload(
        name, 0x100 + 1000, len(packed) + 4
    )
    assert parsed(samples.zimage(packed, table=False)).payload == kernel_payload.Payload(name, 0x100 + 1000)
    assert parsed(samples.zboot(packed, b"odd")).payload == kernel_payload.Payload(name, 0x400, len(packed))


def test_each_form_is_told_with_its_architecture() -> None:
    x86 = parsed(samples.bzimage(GZIP))
    assert (x86.form, x86.architecture, x86.release, x86.is_efi) == ("bzimage", "x86-64", "6.1.55-yocto-standard", True)
    assert x86.size == len(samples.bzimage(GZIP))
    assert parsed(samples.zimage(GZIP)).architecture == "arm"
    assert parsed(samples.zimage(GZIP)).size == len(samples.zimage(GZIP))
    arm64 = parsed(samples.flat(PLAIN))
    assert (arm64.form, arm64.architecture, arm64.is_efi, arm64.payload) == ("image", "arm64", True, None)
    assert parsed(samples.flat(PLAIN, riscv=True)).architecture == "riscv"
    assert parsed(samples.zboot(GZIP)).architecture == "arm64"
    assert parsed(GZIP) == kernel_image.KernelImage("gzip", "", payload=kernel_payload.Payload("gzip", 0))


def test_an_elf_file_is_a_kernel_by_its_banner_or_by_what_it_holds() -> None:
    vmlinux = parsed(samples.elf(PLAIN, machine=20))
    assert (vmlinux.architecture, vmlinux.release, vmlinux.payload) == ("powerpc", "6.1.55-yocto-standard", None)
    noise = random.Random(1).randbytes(300_000)
    packed = samples.elf(lzma.compress(noise + PLAIN))
    assert parsed(packed).payload == kernel_payload.Payload("xz", 256)
    with pytest.raises(Malformed, match="neither"):
        parsed(samples.elf(lzma.compress(noise), interpreter=True))
    with pytest.raises(Malformed, match="neither"):
        parsed(samples.elf(noise.replace(b"\x1f\x8b", b"..") + lzma.compress(PLAIN)))


def test_what_older_protocols_of_x86_do_not_have_is_not_read() -> None:
    assert parsed(samples.bzimage(GZIP, protocol=0x207)).payload is None
    assert parsed(samples.bzimage(GZIP, protocol=0x20B)).architecture == "x86"
    assert parsed(samples.bzimage(GZIP, sectors=3)).payload is not None
    with pytest.raises(Malformed, match="protocol"):
        parsed(samples.bzimage(GZIP, protocol=0x1FF))


@pytest.mark.parametrize("at", [0x248, 0x24C])
def test_a_payload_outside_of_the_image_is_none(at: int) -> None:
    image = bytearray(samples.bzimage(GZIP))
    image[at : at + 4] = b"\xff\xff\xff\x7f"
    assert parsed(bytes(image)).payload is None
    boot = bytearray(samples.zboot(GZIP))
    boot[12:16] = b"\xff\xff\xff\x7f"
    with pytest.raises(Malformed, match="payload"):
        parsed(bytes(boot))


def test_a_table_of_a_zimage_that_points_nowhere_is_passed_over() -> None:
    image = bytearray(samples.zimage(GZIP))
    image[0x38:0x3C] = b"\xf0\xff\xff\xff"
    assert parsed(bytes(image)).payload == kernel_payload.Payload("gzip", 0x100 + 1000)


@pytest.mark.parametrize("order", [b"\4\3\2\1", b"\1\2\3\4", b"made"], ids=["little", "big", "none"])
@pytest.mark.parametrize("no_ops", [b"\0\0\xa0\xe1", b"\xaf\xf3\0\x80"], ids=["arm", "thumb"])
def test_a_zimage_of_any_age_and_order_is_one(order: bytes, no_ops: bytes) -> None:
    image = bytearray(samples.zimage(GZIP, table=False))
    image[:0x24] = b"MZ" + bytes(6) + 5 * no_ops + b"jump" + b"jump"
    image[0x30:0x34] = order
    assert parsed(bytes(image)).form == "zimage"


def test_code_that_looks_for_the_magic_of_a_zimage_is_none() -> None:
    constants = bytearray(samples.zimage(GZIP, table=False))
    constants[:0x24] = random.Random(1).randbytes(0x24)
    constants[0x30:0x34] = b"code"
    with pytest.raises(Malformed, match="constants"):
        kernel_zimage.size_of(reader(bytes(constants)))


def test_magics_in_the_decompressor_are_no_payload() -> None:
    constants = b"\xfd7zXZ\0decompressor\x1f\x8b\x08\xff\xff\xff\xff\xff]\0\0\x80\0" + bytes(40) + b"(\xb5/\xfd\xff"
    image = samples.zimage(constants.ljust(200, b"\1") + lzma.compress(PLAIN, check=lzma.CHECK_CRC32))
    found = parsed(image).payload
    assert found is not None
    assert (found.compression, found.offset) == ("xz", 0x100 + 1200)


BANNERS = [
    (
        "Linux version 2.6.31 (root@build) (gcc version 4.3.3 (GCC) ) #5 Mon Oct 8 16:11:28 CST 2012\n",
        ("2.6.31", "root@build", "gcc version 4.3.3 (GCC)", "#5 Mon Oct 8 16:11:28 CST 2012"),
    ),
    (
        "Linux version 5.15.0-rc1+ (a@b) (clang version 14 (https://x (y) z), LLD 14) #1 SMP",
        ("5.15.0-rc1+", "a@b", "clang version 14 (https://x (y) z), LLD 14", "#1 SMP"),
    ),
]


@pytest.mark.parametrize(("text", "fields"), BANNERS)
def test_a_banner_is_taken_apart(text: str, fields: tuple[str, str, str, str]) -> None:
    assert kernel_banner.parse(text) == kernel_banner.Banner(*fields)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Linux version %s (%s) #1",
        "Linux version 6.1 (a@b) (gcc",
        "Linux version 6.1 (a@b) #1 SMP",
        "Linux version 6.1 () (gcc) #1",
        "Linux version 6.1.0 (a@b) (gcc) SMP",
        "Linux version 6.1" + "0" * 500 + " (a@b) (gcc) #1",
    ],
)
def test_what_is_no_banner_is_none(text: str) -> None:
    assert kernel_banner.parse(text) is None


def test_the_banner_that_is_printed_is_taken() -> None:
    """Since 6.1 another stands before it, without the number of the build."""
    banner = samples.BANNER
    data = b"..." + banner.replace(b"#1 SMP", b"# SMP") + bytes(100) + banner
    found = kernel_banner.find(reader(data), len(data))
    assert found is not None
    assert found.version.startswith("#1 SMP PREEMPT")
    first = data[: -len(banner)]
    alone = kernel_banner.find(reader(first), len(first))
    assert alone is not None
    assert alone.version.startswith("# SMP")


def test_the_configuration_inside_is_read() -> None:
    found = said(PLAIN)
    assert found.configuration == samples.CONFIG.decode()
    assert found.banner is not None
    assert found.banner.release == "6.1.55-yocto-standard"
    assert said(samples.vmlinux(None)).configuration is None


def test_a_configuration_that_cannot_be_read_is_told() -> None:
    damaged = PLAIN.replace(b"IKCFG_ED", b"xxIKCFG_ED")
    at = damaged.index(b"IKCFG_ST") + 40
    broken = said(damaged[:at] + bytes(16) + damaged[at + 16 :])
    assert broken.configuration is None
    assert (broken.problem or "").startswith("IKCONFIG")


def test_a_configuration_that_is_a_bomb_is_not_expanded() -> None:
    bomb = gzip.compress(bytes(ikconfig.TEXT_LIMIT + 1), mtime=0)
    with pytest.raises(Malformed, match="more than"):
        ikconfig.text(bomb)


@pytest.mark.parametrize("at", [0, 100, (1 << 20) - 5, (1 << 20) - 1, 1 << 20, (2 << 20) - 3])
def test_an_occurrence_is_found_once_wherever_pieces_end(at: int) -> None:
    data = bytes(at) + b"needle" + bytes((3 << 20) - at)
    assert list(occurrences(re.compile(b"needle"), 6, reader(data), len(data))) == [at]
    assert list(occurrences(re.compile(b"needle"), 6, reader(data), at)) == []


SAMPLES = {
    "bzimage": samples.bzimage(GZIP),
    "zimage": samples.zimage(GZIP),
    "image": samples.flat(PLAIN),
    "riscv": samples.flat(PLAIN, riscv=True),
    "zboot": samples.zboot(GZIP),
    "elf": samples.elf(PLAIN),
    "plain": PLAIN,
}


@pytest.mark.parametrize("name", SAMPLES)
def test_bad_bytes_are_told_in_time(name: str) -> None:
    for data in mutated(SAMPLES[name], 300):
        started = time.process_time()
        said(data)
        try:
            found = parsed(data)
        except Malformed:
            continue
        assert found.payload is None or 0 <= found.payload.offset < len(data)
        assert time.process_time() - started < 1


def test_the_kernel_in_each_form_reaches_the_parts(tmp_path: Path) -> None:
    """What stands in the payload is found in what the opener expands."""
    big = random.Random(3).randbytes(300_000) + PLAIN
    images = {
        "bzimage": samples.bzimage(gzip.compress(big)),
        "zimage": samples.zimage(lzma.compress(big)),
        "efi-zboot": samples.zboot(gzip.compress(big)),
        "riscv-image": samples.flat(big, riscv=True),
        "arm64-image": samples.flat(big),
        "vmlinuz": samples.elf(lzma.compress(big)),
        "vmlinux": samples.elf(big),
    }
    for kind, data in images.items():
        (tmp_path / kind).write_bytes(data)
        image = open_image(tmp_path / kind)
        assert (image.parts[0].kind, image.parts[0].role.value) == (kind, "kernel")
        banners = [kernel_banner.find(source.read, source.size) for source in image.sources.values()]
        assert {banner.release for banner in banners if banner} == {"6.1.55-yocto-standard"}, kind


# Debian's flavour, architecture and suite; form, architecture, compression of the payload
REAL = [
    ("amd64", "amd64", "bookworm", "bzimage", "x86-64", "xz"),
    ("arm64", "arm64", "bookworm", "image", "arm64", None),
    ("armmp", "armhf", "bookworm", "zimage", "arm", "xz"),
    ("rpi", "armel", "bookworm", "zimage", "arm", "xz"),
    ("4kc-malta", "mipsel", "bookworm", "elf", "mips", "xz"),
    ("loongson-3", "mips64el", "bookworm", "elf", "mips", "xz"),
    ("powerpc64le", "ppc64el", "bookworm", "elf", "powerpc64", None),
    ("riscv64", "riscv64", "trixie", "image", "riscv", None),
]


@pytest.mark.proof
@pytest.mark.parametrize("row", REAL, ids=lambda row: row[0])
def test_debians_kernels_say_what_their_packages_say(row: tuple[str, str, str, str, str, str | None]) -> None:
    flavour, architecture, suite, form, machine, compression = row
    try:
        folder = kernel(flavour, architecture, suite) / "boot"
    except NoPackagesError:
        pytest.skip("Debian's archive is out of reach")
    (file,) = folder.glob("vmlinu*")
    (config,) = folder.glob("config-*")
    data = file.read_bytes()
    found = parsed(data)
    payload = found.payload and found.payload.compression
    assert (found.form, found.architecture, payload) == (form, machine, compression)
    release = file.name.partition("-")[2]
    assert found.release in ("", release)
    image = open_image(file)
    banners = [kernel_banner.find(source.read, source.size) for source in image.sources.values()]
    (banner,) = {banner for banner in banners if banner}
    assert banner.release == release
    compiler = re.search(r'^CONFIG_CC_VERSION_TEXT="(.*)"$', config.read_text(), re.MULTILINE)
    assert compiler is not None
    assert banner.compiler.startswith(compiler[1])
    assert re.match(r"#1 (SMP )?.*Debian [\d.]+", banner.version)
