"""FIT images as mkimage writes them, with data inside and outside."""

import lzma
import struct
from pathlib import Path

import pytest

from firmward.formats.fdt import DEPTH, DeviceTree
from firmward.formats.malformed import Malformed
from firmward.image.budget import Budget
from firmward.image.container.fit import FORMAT
from firmward.image.format import Child
from firmward.image.opening import open_image
from firmward.image.source import Bytes
from firmward.model.report import Role

KERNEL = b"\0" * 64 + b"Linux version 6.1.0 (builder@host) #1\0" + bytes(range(256)) * 400
LOADER = b"\1\2\3\4U-Boot 2023.01 (Feb 01 2023)\0" + bytes(range(256)) * 40
UNUSUAL = [{"id": lzma.FILTER_LZMA1, "lc": 1, "lp": 0, "pb": 0, "dict_size": 1 << 16}]
PLACES = ((), ("-E",), ("-E", "-p", "0x40000"), ("-E", "-B", "0x200"))

SOURCE = """
/dts-v1/;
/ {
    description = "test"; #address-cells = <1>;
    images {
        kernel-1 { data = /incbin/("kernel"); type = "kernel"; os = "linux"; arch = "arm64"; compression = "lzma";
                   load = <0>; entry = <0>; hash-1 { algo = "sha256"; }; };
        fdt-1 { data = /incbin/("board.dtb"); type = "flat_dt"; arch = "arm64"; compression = "none"; };
        ramdisk-1 { data = /incbin/("ramdisk"); type = "ramdisk"; os = "linux"; arch = "arm64"; compression = "none"; };
        uboot { data = /incbin/("loader"); type = "standalone"; os = "u-boot"; arch = "arm64"; compression = "none";
                load = <0>; };
        atf { data = /incbin/("loader"); type = "firmware"; os = "arm-trusted-firmware"; arch = "arm64";
              compression = "none"; load = <0>; };
        bits { data = /incbin/("bits"); type = "fpga"; arch = "arm64"; compression = "none"; load = <0>; };
        root { data = /incbin/("root"); type = "filesystem"; compression = "none"; };
        script { data = /incbin/("text"); type = "script"; compression = "none"; };
    };
    configurations { default = "c"; c { kernel = "kernel-1"; fdt = "fdt-1"; ramdisk = "ramdisk-1"; }; };
};
"""


@pytest.fixture
def files(tmp_path: Path, rootfs: Path, tool) -> dict[str, bytes]:
    archive = tool("cpio", "-o", "-H", "newc", cwd=rootfs, stdin=tool("find", ".", cwd=rootfs))
    tool("mksquashfs", rootfs, "root", "-quiet", "-no-progress", cwd=tmp_path)
    made = {
        "kernel": lzma.compress(KERNEL, lzma.FORMAT_ALONE, filters=UNUSUAL),
        "board.dtb": tool("dtc", "-I", "dts", "-O", "dtb", stdin=b'/dts-v1/; / { model = "board"; };'),
        "ramdisk": tool("gzip", "-nc", stdin=archive),
        "loader": LOADER,
        "bits": bytes(range(7)) * 1001,
        "text": b"bootm\n" * 10,
    }
    for name, data in made.items():
        (tmp_path / name).write_bytes(data)
    return made | {"root": (tmp_path / "root").read_bytes()}


@pytest.fixture
def make(tmp_path: Path, files: dict[str, bytes], tool):
    def call(*options: str, source: str = SOURCE) -> bytes:
        (tmp_path / "image.its").write_text(source)
        tool("mkimage", "-f", "image.its", *options, "image.itb", cwd=tmp_path)
        return (tmp_path / "image.itb").read_bytes()

    return call


def opened(data: bytes) -> dict[str, Child]:
    return {child.name: child for child in FORMAT.open(Bytes(data), Budget())}


@pytest.mark.parametrize("options", PLACES)
def test_every_image_is_where_and_what_the_tree_says(options: tuple[str, ...], make, files) -> None:
    image = make(*options)
    size = FORMAT.measure(Bytes(image + b"more"))
    assert size is not None
    assert not image[size:].strip(b"\0")  # mkimage -B fills the last block
    found = opened(image)
    named = {"fdt-1": "board.dtb", "ramdisk-1": "ramdisk", "uboot": "loader", "bits": "bits", "root": "root"}
    for name, file in named.items():
        child = found[name]
        assert child.source is not None
        assert child.source.read(0, 1 << 24) == files[file]
        assert child.offset is not None
        assert image[child.offset : child.offset + len(files[file])] == files[file]
        assert child.problem is None
    assert {name: child.kind for name, child in found.items()} == {
        "kernel-1": "kernel",
        "fdt-1": "flat_dt",
        "ramdisk-1": "ramdisk",
        "uboot": "standalone",
        "atf": "firmware",
        "bits": "fpga",
        "root": "filesystem",
        "script": "script",
    }


@pytest.mark.parametrize("options", PLACES)
def test_the_whole_image_is_named_and_nothing_is_left_over(options: tuple[str, ...], make, tmp_path: Path) -> None:
    make(*options)
    image = open_image(tmp_path / "image.itb")
    found = {part.id: (part.kind, part.role) for part in image.parts}
    assert found == {
        "image": ("fit", Role.OTHER),
        "image/kernel-1": ("kernel", Role.KERNEL),
        "image/fdt-1": ("device-tree", Role.DEVICE_TREE),
        "image/ramdisk-1": ("gzip", Role.INITRAMFS),
        "image/ramdisk-1/content": ("cpio", Role.INITRAMFS),
        "image/uboot": ("u-boot", Role.BOOT_LOADER),
        "image/atf": ("u-boot", Role.BOOT_LOADER),
        "image/bits": ("fpga", Role.OTHER),
        "image/root": ("squashfs", Role.ROOT),
        "image/script": ("script", Role.OTHER),
    }
    assert all(part.problem is None for part in image.parts)
    assert {part.belongs_to for part in image.parts if part.role is Role.KERNEL} == {"image/root"}


def test_external_data_that_are_cut_off_say_so(make) -> None:
    image = make("-E")
    found = opened(image[:-1000])
    assert found["kernel-1"].problem is None
    assert "cut off" in (found["root"].problem or "") or "past the end" in (found["script"].problem or "")


def test_an_image_without_data_says_so(tmp_path: Path, tool) -> None:
    source = (
        b'/dts-v1/; / { images { none { type = "kernel"; }; far { data-size = <9>; data-offset = <0x7fffffff>; }; }; };'
    )
    found = opened(tool("dtc", "-I", "dts", "-O", "dtb", stdin=source))
    assert found["none"].problem == "says neither data nor where they are"
    assert "past the end" in (found["far"].problem or "")


def test_an_encrypted_image_says_so(tmp_path: Path, tool) -> None:
    source = b'/dts-v1/; / { images { k { type = "kernel"; data = "xxxx"; cipher { algo = "aes256"; }; }; }; };'
    child = opened(tool("dtc", "-I", "dts", "-O", "dtb", stdin=source))["k"]
    assert (child.source, child.problem) == (None, "encrypted with aes256; the key is not known")


def test_a_device_tree_is_no_fit(files) -> None:
    assert FORMAT.measure(Bytes(files["board.dtb"])) is None


def test_the_tree_tells_where_its_tokens_stand(make) -> None:
    image = make()
    tree = DeviceTree(Bytes(image).read)
    node = tree.node("images/kernel-1/hash-1")
    assert node is not None
    assert image[node.start : node.start + 11] == b"\0\0\0\1hash-1\0"
    assert image[node.end - 4 : node.end] == b"\0\0\0\2"
    algorithm = node.property("algo")
    assert algorithm is not None
    assert image[algorithm.start : algorithm.start + 4] == b"\0\0\0\3"
    assert image[algorithm.offset : algorithm.end] == b"sha256\0\0"
    assert tree.text(node, "algo") == "sha256"
    value = node.property("value")
    assert value is not None
    assert len(tree.value(value)) == 32
    assert tree.number(tree.root, "#address-cells") == 1
    assert tree.node("images/nothing/there") is None


def structure(tokens: bytes) -> bytes:
    return struct.pack(">10I", 0xD00DFEED, 56 + len(tokens), 56, 56, 40, 17, 16, 0, 0, len(tokens)) + bytes(16) + tokens


@pytest.mark.parametrize(
    ("tokens", "words"),
    [
        (b"\0\0\0\1a\0\0\0" * (DEPTH + 1), "too deep"),
        (b"\0\0\0\1a\0\0\0" + b"\0\0\0\4" * 40_000, "tokens"),
        (b"\0\0\0\3" + bytes(8), "begin with a node"),
        (b"\0\0\0\1a\0\0\0\0\0\0\3\xff\xff\xff\xff\0\0\0\0", "longer than"),
        (b"\0\0\0\1a\0\0\0\0\0\0\7", "not known"),
        (b"\0\0\0\1a\0\0\0" * 2 + b"\0\0\0\2", "before its root"),
        (b"\0\0\0\1" + b"a" * 400, "without an end"),
        (b"\0\0\0\1a\0\0\0\0\0\0\3\0\0\0\0\0\0\0\7", "name of a property"),
    ],
)
def test_a_tree_that_breaks_the_rules_is_refused(tokens: bytes, words: str) -> None:
    with pytest.raises(Malformed, match=words):
        DeviceTree(Bytes(structure(tokens)).read)
