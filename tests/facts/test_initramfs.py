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


CAREFUL = MOUNTING.replace("mount -o", "veritysetup open x\nmount -o")
GOES_ON = "#!/bin/sh\nexport debug=yes\nexec /init\n"
INSTEAD: list[tuple[str, dict[str, Content], Root]] = [
    ("/mine", {"mine": executable(MOUNTING)}, Root.UNVERIFIED),
    ("mine", {"mine": executable(MOUNTING)}, Root.UNVERIFIED),
    ("/mine", {"mine": executable(CAREFUL)}, Root.PERHAPS),
    ("/mine", {"mine": executable(MOUNTING + GOES_ON)}, Root.PERHAPS),
    ("/mine", {"mine": executable(b"\x7fELF")}, Root.PERHAPS),
    ("/bin/sh", {"mine": executable(MOUNTING)}, Root.PERHAPS),
]


def started(words: str, *behind: OpenPart, init: str = CAREFUL) -> Initramfs:
    """With what the boot loader gives the kernel."""
    tree = MemoryTree({"boot/extlinux/extlinux.conf": f"LABEL a\n  APPEND {words}\n"})
    found = Collection(tree, parts=around(early({"init": executable(init)}), *behind)).get(Initramfs)
    assert isinstance(found, Initramfs)
    return found


def behind(files: dict[str, Content]) -> OpenPart:
    return OpenPart(Part("image/rest", "cpio", "image", role=Role.DATA), None, MemoryTree(files))


@pytest.mark.parametrize(("name", "files", "root"), INSTEAD)
def test_a_program_that_a_command_line_names_is_started_instead_of_init(
    name: str, files: dict[str, Content], root: Root
) -> None:
    found = started(f"console=ttyS0 rdinit={name}", behind(files))
    assert found.root is root, found.why
    assert found.instead == name.lstrip("/")
    assert f"rdinit= starts /{name.lstrip('/')}" in found.why


def test_init_itself_may_be_named() -> None:
    assert started("rdinit=/init", behind({"mine": executable(MOUNTING)})).instead is None


def test_the_last_name_counts() -> None:
    files: dict[str, Content] = {"one": executable(MOUNTING), "two": executable(CAREFUL)}
    assert started("rdinit=/two rdinit=/one", behind(files)).instead == "one"


def test_only_a_root_has_an_initramfs() -> None:
    data = OpenPart(Part("image/data", "ext4", "image", role=Role.DATA), None, MemoryTree({}))
    parts = around(early({"init": executable(MOUNTING)}), root=data)
    assert Collection(MemoryTree({}), parts=parts).get(Initramfs) is None


def test_without_an_initramfs_there_is_none() -> None:
    assert Collection(MemoryTree({"init": executable(MOUNTING)})).get(Initramfs) is None
