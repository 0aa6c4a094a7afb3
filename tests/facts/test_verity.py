"""Which hash tree is the root's, who names a root hash, and what could not be looked at."""

import struct

import pytest
from beside import around

from firmward.facts.collection import Collection
from firmward.facts.verity import Claim, HashTree, Verity
from firmward.formats.verity import MAGIC, Shape
from firmward.image.source import Bytes
from firmward.model.location import Location
from firmward.model.memory import Content, MemoryTree, executable, link
from firmward.model.parts import OpenPart, Parts
from firmward.model.report import Part, Role

BLOCK = 4096
SALT = b"\0\xff"
HASH = "5c" * 32
SYSTEMD: dict[str, Content] = {
    "usr/lib/systemd/systemd": executable(b"\x7fELF"),
    "sbin/init": link("../usr/lib/systemd/systemd"),
    "usr/sbin/veritysetup": executable(b"\x7fELF"),
}


def blocks(*signs: int) -> bytes:
    return b"".join(bytes([sign]) * BLOCK for sign in signs)


DATA, OTHER = blocks(1, 2, 3), blocks(4, 5, 6)


def level(data: bytes) -> tuple[bytes, str]:
    """A tree of one level, and its root hash."""
    shape = Shape(1, "sha256", BLOCK, BLOCK, len(data) // BLOCK, SALT)
    tree = b"".join(shape.digests(data, BLOCK)).ljust(BLOCK, b"\0")
    return tree, shape.digest(tree).hex()


def hashes(data: bytes, name: str = "image/hashes", *, version: int = 1, parent: str = "image") -> OpenPart:
    """A hash device that was made for these data."""
    fields = (MAGIC, version, 1, b"", b"sha256", BLOCK, BLOCK, len(data) // BLOCK, len(SALT), SALT)
    head = struct.pack("<8sII16s32sIIQH6x256s", *fields).ljust(BLOCK, b"\0")
    return OpenPart(Part(name, "dm-verity", parent), Bytes(head + level(data)[0]))


def root(content: bytes, size: int = len(DATA)) -> OpenPart:
    part = Part("image/root", "squashfs", "image", size=size, role=Role.ROOT)
    return OpenPart(part, Bytes(content), MemoryTree({}))


def collected(files: dict[str, Content], parts: Parts | None = None) -> Verity | None:
    found = Collection(MemoryTree(files), parts=parts).get(Verity)
    assert found is None or isinstance(found, Verity), found
    return found


def trees(*others: OpenPart) -> tuple[HashTree, ...]:
    found = collected({}, around(*others, root=root(DATA)))
    return () if found is None else found.trees


def test_a_tree_beside_the_root_is_compared_with_it() -> None:
    at = Location(part="image/hashes")
    assert trees(hashes(DATA)) == (HashTree(at, "sha256", level(DATA)[1], None, covers_all=True),)


def test_a_byte_that_was_changed_later_is_told() -> None:
    (found,) = trees(hashes(blocks(1, 2, 9)))
    assert found.differs == "data block 2, 8192 bytes in"


def test_a_tree_that_ends_before_the_file_system_does_is_told() -> None:
    (found,) = trees(hashes(DATA[: 2 * BLOCK]))
    assert found.differs is None
    assert not found.covers_all


def test_a_tree_of_a_smaller_file_system_is_not_this_roots() -> None:
    assert trees(hashes(OTHER[: 2 * BLOCK])) == ()


def test_the_tree_of_another_disks_root_is_not_this_ones_though_it_is_as_large() -> None:
    found = trees(hashes(DATA), hashes(OTHER, "other/hashes", parent="other"))
    assert [one.at.part for one in found] == ["image/hashes"]


def test_a_tree_that_cannot_be_read_is_told() -> None:
    found = collected({}, around(hashes(DATA, version=2), root=root(DATA)))
    assert found == Verity((), (), ("image/hashes: version 2 of the superblock is not known",))


def table(algorithm: str, root_hash: str) -> dict[str, Content]:
    verity = f"0 24 verity 1 /dev/sda2 /dev/sda2 {BLOCK} {BLOCK} 3 3 {algorithm} {root_hash} {SALT.hex()}"
    return {"boot/cmdline.txt": f'dm-mod.create="root,,,ro,{verity}" root=/dev/dm-0\n'}


def test_a_table_on_the_command_line_says_where_the_tree_lies() -> None:
    tree, root_hash = level(DATA)
    found = collected(table("sha256", root_hash), around(root=root(DATA + tree)))
    assert found is not None
    at = Location(part="image/root", offset=len(DATA))
    assert found.trees == (HashTree(at, "sha256", root_hash, None, covers_all=True),)
    assert [claim.root_hash for claim in found.claims] == [root_hash]


def test_a_table_that_no_kernel_takes_is_told() -> None:
    found = collected(table("md4", HASH))
    assert found is not None
    assert found.claims == ()
    assert found.unread == ("boot/cmdline.txt:1: format 1 with 'md4' is not known",)


def test_a_line_of_veritytab_that_is_a_comment_names_nothing() -> None:
    line = f"root /dev/sda2 /dev/sda3 {HASH}\n"
    assert collected({"etc/veritytab": "# " + line}) is None
    found = collected({"etc/veritytab": line})
    assert found is not None
    assert found.claims == (Claim(Location("etc/veritytab", 1), HASH, volume="root"),)


@pytest.mark.parametrize(
    ("words", "volume"),
    [
        (f"open /dev/sda5 models /dev/sda6 {HASH}", "models"),
        (f"create models /dev/sda5 /dev/sda6 {HASH}", "models"),
        (f"verify /dev/sda5 /dev/sda6 {HASH}", None),
    ],
)
@pytest.mark.parametrize("enabled", [True, False])
def test_only_a_service_that_starts_opens_a_volume(words: str, volume: str | None, enabled: bool) -> None:
    files: dict[str, Content] = {
        "etc/systemd/system/models.service": f"[Service]\nExecStart=/usr/sbin/veritysetup {words}\n",
        "etc/systemd/system/default.target": "[Unit]\n" + ("Wants=models.service\n" if enabled else ""),
    }
    found = collected({**SYSTEMD, **files})
    opened = [(claim.volume, claim.root_hash) for claim in found.opened] if found is not None else []
    assert opened == ([(volume, HASH)] if enabled and volume else [])


@pytest.mark.parametrize(
    ("words", "is_described"),
    [
        ("open $dev root $dev HASH --no-superblock --data-blocks=3 --hash-offset=12288 --salt=00ff", True),
        ("open $dev root $dev HASH --no-superblock --data-blocks=$blocks --hash-offset=12288 --salt=00ff", False),
        ("open $dev root $dev HASH --hash-offset=12288", False),
        ("open $dev root /dev/sdb HASH --no-superblock --data-blocks=3 --salt=00ff", False),
        ("open $dev root $dev HASH --no-superblock 'unended", False),
    ],
)
def test_a_command_of_the_initramfs_describes_a_tree_without_a_superblock(words: str, is_described: bool) -> None:
    tree, root_hash = level(DATA)
    script = f"#!/bin/sh\nveritysetup {words.replace('HASH', root_hash)}\n"
    early = MemoryTree({"init": executable(script)})
    ramdisk = OpenPart(Part("image/ramdisk", "cpio", "image", role=Role.INITRAMFS), None, early)
    found = collected({}, around(ramdisk, root=root(DATA + tree)))
    assert found is not None
    assert [claim.root_hash for claim in found.claims] == [root_hash]
    at = Location(part="image/root", offset=len(DATA))
    assert found.trees == ((HashTree(at, "sha256", root_hash, None, covers_all=True),) if is_described else ())


TABLE = "1 $dev $dev 4096 4096 3 3 sha256 HASH 00ff"


@pytest.mark.parametrize(
    ("line", "is_described", "options"),
    [
        (f'dmsetup create root -r --table "0 24 verity {TABLE}" || reboot', True, ()),
        (f"dmsetup create root --table '0 24 verity {TABLE} 1 ignore_corruption'", True, ("ignore_corruption",)),
        (f'dmsetup -v create root --table "0 24 verity {TABLE.replace("$dev", "$(find it)")}"', True, ()),
        (f'echo "0 24 verity {TABLE} 1 panic_on_corruption" | dmsetup create root', True, ("panic_on_corruption",)),
        (f'dmsetup create root --table "0 24 verity {TABLE.replace(" 3 3", " 3 $start")}"', False, None),
        (f'dmsetup create root --table "0 24 verity {TABLE.replace("$dev 4096", "/dev/sdb 4096")}"', False, ()),
    ],
)
def test_a_table_that_an_initramfs_gives_to_dmsetup_describes_a_tree(
    line: str, is_described: bool, options: tuple[str, ...] | None
) -> None:
    tree, root_hash = level(DATA)
    early = MemoryTree({"init": executable(f"#!/bin/sh\n{line.replace('HASH', root_hash)}\n")})
    ramdisk = OpenPart(Part("image/ramdisk", "cpio", "image", role=Role.INITRAMFS), None, early)
    found = collected({}, around(ramdisk, root=root(DATA + tree)))
    assert found is not None
    at = Location("init", 2, part="image/ramdisk")
    assert found.claims == (Claim(at, "" if options is None else root_hash, options or (), "root"),)
    place = Location(part="image/root", offset=len(DATA))
    assert found.trees == ((HashTree(place, "sha256", root_hash, None, covers_all=True),) if is_described else ())


def test_a_table_of_dmsetup_that_is_of_no_verity_or_a_comment_says_nothing() -> None:
    lines = (
        f"# dmsetup create root --table '0 24 verity {TABLE}'\ndmsetup create root --table '0 8 linear /dev/sda 0'\n"
    )
    early = MemoryTree({"init": executable(f"#!/bin/sh\n{lines}")})
    ramdisk = OpenPart(Part("image/ramdisk", "cpio", "image", role=Role.INITRAMFS), None, early)
    assert collected({}, around(ramdisk, root=root(DATA))) is None


def test_an_initramfs_has_no_tree_of_its_own_whatever_it_says_of_the_roots() -> None:
    tab: dict[str, Content] = {"etc/veritytab": f"root /dev/sda2 /dev/sda3 {HASH}\n"}
    early = OpenPart(Part("image/initrd", "cpio", "image", role=Role.INITRAMFS), Bytes(DATA), MemoryTree(tab))
    assert collected(tab, around(root(DATA))) is not None
    assert collected(tab, around(hashes(DATA), root(DATA), root=early)) is None
