"""Which modules an initramfs loads, in which order, and what is said of one that cannot be had."""

import gzip
import lzma

import pytest
import zstandard
from elf_made import Made, elf

from firmward.build.initramfs import modules
from firmward.build.initramfs.kernel import Kernel
from firmward.build.initramfs.modules import Need
from firmward.build.initramfs.tools import Source
from firmward.model.errors import InputError
from firmward.model.memory import Content, MemoryTree, link

RELEASE = "6.1.0-56-arm64"
FOLDER = f"lib/modules/{RELEASE}"
KERNEL = Kernel(RELEASE)
DISK = Need(("virtio_blk",), "VIRTIO_BLK")


def module(*depends: str, soft: str = "", release: str = RELEASE) -> bytes:
    fields = [f"depends={','.join(depends)}", f"vermagic={release} SMP"] + ([f"softdep={soft}"] if soft else [])
    return elf(Made(sections={".modinfo": "\0".join(fields).encode() + b"\0"}, machine=183, kind=1))


def tree(files: dict[str, Content], built_in: str | None = "kernel/lib/crc.ko\n") -> Source:
    found = {f"{FOLDER}/{name}": content for name, content in files.items()}
    if built_in is not None:
        found[f"{FOLDER}/modules.builtin"] = built_in
    return Source(MemoryTree(found), "[build] tools /t")


def names(source: Source, *needs: Need, kernel: Kernel = KERNEL) -> list[str]:
    return [one.name for one in modules.collect(needs, kernel, (source,))]


def test_what_is_needed_comes_before_and_once() -> None:
    source = tree(
        {
            "kernel/drivers/md/dm-verity.ko": module("dm-bufio", "dm-mod", "reed_solomon"),
            "kernel/drivers/md/dm-bufio.ko": module("dm-mod"),
            "kernel/drivers/md/dm-mod.ko": module("dax"),
            "kernel/drivers/dax/dax.ko": module(),
            "kernel/lib/reed_solomon/reed_solomon.ko": module(),
            "kernel/fs/squashfs/squashfs.ko": module("crc"),
            "kernel/net/other.ko": module(),
        },
        "kernel/crypto/sha256_generic.ko\nkernel/lib/crc.ko\n",
    )
    found = names(source, *modules.VERITY)
    assert found == ["dax", "dm_mod", "dm_bufio", "reed_solomon", "dm_verity", "squashfs"]


@pytest.mark.parametrize(
    ("suffix", "pack"), [(".xz", lzma.compress), (".gz", gzip.compress), (".zst", zstandard.compress), ("", bytes)]
)
def test_a_compressed_module_is_expanded(suffix: str, pack: "type[bytes]") -> None:
    plain = module()
    (found,) = modules.collect((DISK,), KERNEL, (tree({f"virtio_blk.ko{suffix}": pack(plain)}),))
    assert (found.name, found.content) == ("virtio_blk", plain)


@pytest.mark.parametrize("suffix", [".xz", ".gz", ".zst"])
def test_a_module_that_is_no_such_stream_or_expands_without_end_is_refused(
    suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        names(tree({f"virtio_blk.ko{suffix}": b"no stream"}), DISK)
    pack = {".xz": lzma.compress, ".gz": gzip.compress, ".zst": zstandard.compress}[suffix]
    monkeypatch.setattr(modules, "SIZE_LIMIT", 1000)
    with pytest.raises(InputError, match="more than 1000 bytes"):
        names(tree({f"virtio_blk.ko{suffix}": pack(bytes(2000))}), DISK)


def test_what_is_built_in_is_left_out_by_list_or_by_configuration() -> None:
    assert names(tree({}, "kernel/drivers/block/virtio_blk.ko\n"), DISK) == []
    assert names(tree({}, None), DISK, kernel=Kernel(RELEASE, {"VIRTIO_BLK": "y"})) == []
    assert names(tree({"virtio_blk.ko": module()}), DISK) == ["virtio_blk"]


def test_modules_are_those_of_the_first_source_that_has_them() -> None:
    first, second = tree({"a.ko": module("b")}), tree({"b.ko": module(), "a.ko": module()})
    found = modules.collect((Need(("a",), "A"),), KERNEL, (first, second))
    assert [one.name for one in found] == ["b", "a"]


def test_a_folder_that_is_a_link_is_followed_and_the_kernels_sources_are_not() -> None:
    files: dict[str, Content] = {
        "lib": link("usr/lib"),
        f"usr/{FOLDER}/kernel/virtio_blk.ko": module(),
        f"usr/{FOLDER}/build": link("/usr/src"),
        "usr/src/virtio_blk.ko": b"no module",
    }
    assert names(Source(MemoryTree(files), "t"), DISK) == ["virtio_blk"]


def test_what_only_helps_is_loaded_where_it_is_there() -> None:
    faster = Need(("sha2_ce",), "CRYPTO_SHA2_ARM64_CE", is_required=False)
    assert names(tree({}), faster) == []
    assert names(tree({"sha2-ce.ko": module("sha256-arm64")}), faster) == []
    source = tree({"sha2-ce.ko": module("sha256-arm64", soft="pre: extra gone post: after"), "extra.ko": module(),
                   "after.ko": module(), "sha256-arm64.ko": module()})  # fmt: skip
    found = modules.collect((faster,), KERNEL, (source,))
    assert [(one.name, one.is_required) for one in found] == [
        ("sha256_arm64", False),
        ("extra", False),
        ("sha2_ce", False),
    ]


def test_modules_that_need_each_other_end() -> None:
    assert names(tree({"virtio_blk.ko": module("a"), "a.ko": module("virtio_blk")}), DISK) == ["a", "virtio_blk"]


REFUSED = {
    "off": (
        tree({}),
        Kernel(RELEASE, {}),
        "has to have CONFIG_VIRTIO_BLK, which it is built without: set it to y or m",
    ),
    "a module that is not there": (
        tree({}),
        Kernel(RELEASE, {"VIRTIO_BLK": "m"}),
        f"CONFIG_VIRTIO_BLK: the module virtio_blk is not in lib/modules/{RELEASE} of .build. tools /t",
    ),
    "another release": (
        Source(MemoryTree({"lib/modules/5.10.0/a.ko": module()}), "t"),
        KERNEL,
        f"in t there are modules for 5.10.0 alone, and nothing says .* boot/config-{RELEASE}",
    ),
    "nothing at all": (Source(MemoryTree({"etc/x": ""}), "t"), KERNEL, "there are no modules, and nothing says"),
    "a need that is not there": (
        tree({"virtio_blk.ko": module("virtio-ring")}),
        KERNEL,
        "the module virtio_blk needs virtio_ring",
    ),
    "no module": (tree({"virtio_blk.ko": b"text"}), KERNEL, "virtio_blk.ko is no kernel module"),
    "for another kernel": (
        tree({"virtio_blk.ko": module(release="6.1.0-50-arm64")}),
        KERNEL,
        "is for the kernel 6.1.0-50-arm64, not 6.1.0-56-arm64",
    ),
}


@pytest.mark.parametrize(("source", "kernel", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_missing_is_told_with_the_kernels_option(source: Source, kernel: Kernel, message: str) -> None:
    with pytest.raises(InputError, match=message):
        names(source, DISK, kernel=kernel)


def test_options_of_a_board_are_called_as_the_kernel_calls_them() -> None:
    assert [one.option for one in modules.of_board(("virtio_pci", "mmc-block", "nvme"))] == [
        "VIRTIO_PCI",
        "MMC_BLOCK",
        "BLK_DEV_NVME",
    ]


@pytest.mark.parametrize(
    ("release", "is_known"),
    [("5.8.18", False), ("4.19.0-yocto", False), ("5.9", True), ("5.10.1", True), ("6.1.0", True)],
)
def test_a_kernel_that_cannot_end_the_boot_is_refused(release: str, is_known: bool) -> None:
    if is_known:
        modules.require_panic(Kernel(release))
    else:
        with pytest.raises(InputError, match=r"came with Linux 5\.9"):
            modules.require_panic(Kernel(release))


def test_a_kernel_without_the_decompressor_is_refused() -> None:
    modules.require_decompressor(KERNEL, "xz")
    modules.require_decompressor(Kernel(RELEASE, {"SQUASHFS_XZ": "y"}), "xz")
    for compression, option in (("xz", "SQUASHFS_XZ"), ("gzip", "SQUASHFS_ZLIB"), ("zstd", "SQUASHFS_ZSTD")):
        with pytest.raises(InputError, match=option):
            modules.require_decompressor(Kernel(RELEASE, {"SQUASHFS": "m"}), compression)
