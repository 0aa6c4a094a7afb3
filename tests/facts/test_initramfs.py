"""What an initramfs does with the root."""

import pytest
from beside import around

from firmward.facts.collection import Collection
from firmward.facts.initramfs import SCRIPT_LIMIT, Initramfs, Root
from firmward.model.memory import Content, MemoryTree, executable, link
from firmward.model.parts import OpenPart
from firmward.model.report import Part, Role

MOUNTING = "#!/bin/sh\nmount -o ro /dev/mmcblk0p2 /newroot\nexec switch_root /newroot /sbin/init\n"
LISTS = {"lib/modules/6.1/modules.builtin": "kernel/drivers/md/dm-verity.ko\n", "etc/modules": "dm-verity\n"}
ROWS: list[tuple[dict[str, Content], Root]] = [
    ({"init": executable(MOUNTING)}, Root.UNVERIFIED),
    ({"init": executable(MOUNTING), **LISTS}, Root.UNVERIFIED),
    ({"init": executable(MOUNTING), "bin/busybox": executable(b"\x7fELF sha256sum verity")}, Root.UNVERIFIED),
    ({"init": executable(MOUNTING.replace("mount -o", "veritysetup open x\nmount -o"))}, Root.PERHAPS),
    (
        {"init": executable("#!/bin/sh\n. /lib/go\n"), "lib/go": "openssl dgst -verify k\nswitch_root /x\n"},
        Root.PERHAPS,
    ),
    ({"init": executable("#!/bin/sh\nexec /usr/bin/camera\n")}, Root.PERHAPS),
    ({"init": executable(b"\x7fELF")}, Root.PERHAPS),
    ({"init": executable(b"\x7fELF"), "bin/rescue": executable(MOUNTING)}, Root.PERHAPS),
    ({"bin/rescue": executable(MOUNTING)}, Root.PERHAPS),
    ({"init": link("usr/lib/systemd/systemd"), "usr/lib/systemd/systemd": executable(b"\x7fELF")}, Root.UNVERIFIED),
]


def early(files: dict[str, Content], name: str = "image/initramfs", problem: str | None = None) -> OpenPart:
    return OpenPart(Part(name, "cpio", "image", role=Role.INITRAMFS, problem=problem), None, MemoryTree(files))


def judged(*ramdisks: OpenPart) -> Initramfs:
    found = Collection(MemoryTree({}), parts=around(*ramdisks)).get(Initramfs)
    assert isinstance(found, Initramfs)
    return found


@pytest.mark.parametrize(("files", "root"), ROWS)
def test_scripts_tell_whether_anything_verifies(files: dict[str, Content], root: Root) -> None:
    found = judged(early(files))
    assert found.root is root, found.why


def test_one_that_was_read_in_part_may_verify_in_the_rest() -> None:
    found = judged(early({"init": executable(MOUNTING)}, problem="cut off"))
    assert found.root is Root.PERHAPS
    assert "cut off" in found.why


def test_a_script_that_is_too_large_to_be_one_is_not_read_as_one() -> None:
    files: dict[str, Content] = {"init": executable(MOUNTING.ljust(SCRIPT_LIMIT + 1, "#"))}
    assert judged(early(files)).root is Root.PERHAPS


def test_of_two_the_one_that_verifies_nothing_is_told() -> None:
    plain = early({"init": executable(MOUNTING)}, "image/plain")
    careful = early({"init": executable(MOUNTING + "veritysetup open x\n")}, "image/careful")
    for ramdisks in ((plain, careful), (careful, plain)):
        found = judged(*ramdisks)
        assert (found.root, found.at.part) == (Root.UNVERIFIED, "image/plain")


def test_only_a_root_has_an_initramfs() -> None:
    data = OpenPart(Part("image/data", "ext4", "image", role=Role.DATA), None, MemoryTree({}))
    parts = around(early({"init": executable(MOUNTING)}), root=data)
    assert Collection(MemoryTree({}), parts=parts).get(Initramfs) is None


def test_without_an_initramfs_there_is_none() -> None:
    assert Collection(MemoryTree({"init": executable(MOUNTING)})).get(Initramfs) is None
