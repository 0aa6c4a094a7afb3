"""What the checks of a verified root say where something is not known, or half of it is there."""

from dataclasses import replace

import pytest

from firmward.audit.catalogue import find_check
from firmward.audit.engine import Verdict, families, judge
from firmward.audit.example import CLOCK
from firmward.facts.initramfs import Initramfs, Root
from firmward.facts.kernel_command_line import CommandLine, KernelCommandLine
from firmward.facts.root_hash_place import RootHashPlaces
from firmward.facts.root_mount import RootMount
from firmward.facts.signed_files import SignedFiles
from firmward.facts.verity import Claim, HashTree, Verity, Vouched
from firmward.formats.boot_arguments import arguments
from firmward.model.facts import Facts, Source
from firmward.model.finding import Outcome
from firmward.model.location import Location

HASH, OTHER = "5c" * 32, "a7" * 32
AT = Location("boot/cmdline.txt", 1)
TREE = HashTree(Location(part="image/hashes"), "sha256", HASH, None, covers_all=True)
PLAIN = RootMount(False, "the kernel mounts it read-only", AT, "/dev/sda2")
MAPPED = RootMount(False, "the kernel mounts it read-only", AT, "/dev/dm-0", is_mapped=True)
WRITABLE = RootMount(True, "/ is mounted for writing", AT, "/dev/sda2")
UNNAMED = RootMount(False, "/ is mounted read-only", AT)
DIRECT = KernelCommandLine((CommandLine(arguments("root=/dev/sda2 ro"), AT, is_whole=True),))
MOUNTS = Initramfs(Root.UNVERIFIED, Location("init", part="image/ramdisk"), "its scripts verify nothing")
PERHAPS = Initramfs(Root.PERHAPS, Location("init", part="image/ramdisk"), "its scripts use veritysetup")
INSTEAD = replace(MOUNTS, instead="mine")
UNREAD = Verity((), (), ("image/hashes: cut off",))
VBMETA = Location(part="image/vbmeta_a")
CHANGED = HashTree(TREE.at, "sha256", HASH, "data block 3, 12288 bytes in", covers_all=True)


def vouched(in_force: bool | None, *, is_signed: bool = True, tree: HashTree | None = TREE) -> Verity:
    """What a vbmeta says of the root."""
    return Verity((), (), (), (), (Vouched(VBMETA, HASH, in_force, is_signed, "its flags", tree),))


def signed(*, hashed: int = 0, changed: tuple[str, ...] = (), enforced: bool = False, unread: str = "") -> SignedFiles:
    return SignedFiles((), 3, hashed, changed, enforced, (unread,) if unread else ())


def verdict(check: str, *records: object) -> Verdict:
    """What is not named is not there."""
    found = find_check(check)
    known = dict.fromkeys(families([found])) | {type(record): record for record in records}
    return judge(found, Facts("test", Source.IMAGE, known), None, CLOCK)


@pytest.mark.parametrize(
    ("records", "outcome"),
    [
        ((MAPPED, DIRECT, Verity((TREE,), ())), Outcome.PASS),
        ((PLAIN, DIRECT, Verity((TREE,), ())), Outcome.FAIL),
        ((PLAIN, DIRECT, Verity((TREE,), (Claim(AT, HASH),))), Outcome.PASS),
        ((PLAIN, DIRECT, INSTEAD, Verity((TREE,), (Claim(AT, HASH),))), Outcome.FAIL),
        ((PLAIN, DIRECT, replace(PERHAPS, instead="mine"), Verity((TREE,), (Claim(AT, HASH),))), Outcome.UNKNOWN),
        ((MAPPED, DIRECT), Outcome.UNKNOWN),
        ((PLAIN, DIRECT), Outcome.FAIL),
        ((PLAIN, DIRECT, PERHAPS), Outcome.UNKNOWN),
        ((PLAIN, DIRECT, MOUNTS), Outcome.FAIL),
        ((UNNAMED, MOUNTS), Outcome.FAIL),
        ((UNNAMED, MOUNTS, UNREAD), Outcome.UNKNOWN),
        ((UNNAMED,), Outcome.UNKNOWN),
        ((PLAIN, DIRECT, vouched(True)), Outcome.PASS),
        ((PLAIN, DIRECT, vouched(False)), Outcome.FAIL),
        ((MAPPED, DIRECT, vouched(False)), Outcome.FAIL),
        ((UNNAMED, vouched(None)), Outcome.UNKNOWN),
        ((WRITABLE, signed()), Outcome.FAIL),
        ((WRITABLE, signed(enforced=True)), Outcome.PASS),
    ],
)
def test_a_root_is_verified_where_something_sets_it_up_and_unknown_where_it_may_be(
    records: tuple[object, ...], outcome: Outcome
) -> None:
    found = verdict("rootfs-unverified", *records)
    assert found.outcome is outcome, found.findings or found.reason


def test_a_tree_that_nothing_sets_up_is_told_with_the_root() -> None:
    (finding,) = verdict("rootfs-unverified", PLAIN, DIRECT, Verity((TREE,), ())).findings
    assert "a hash tree lies beside it" in finding.message


@pytest.mark.parametrize(
    ("records", "outcome"),
    [
        ((Verity((TREE,), (Claim(AT, OTHER), Claim(AT, HASH))),), Outcome.PASS),
        ((Verity((TREE,), (Claim(AT, OTHER), Claim(AT, ""))),), Outcome.FAIL),
        ((Verity((TREE,), (Claim(AT, ""),)),), Outcome.PASS),
        ((Verity((TREE,), (), ("image/b: cut off",)),), Outcome.UNKNOWN),
        ((UNREAD,), Outcome.UNKNOWN),
        ((Verity((), (Claim(AT, HASH),)),), Outcome.UNKNOWN),
        ((vouched(True),), Outcome.PASS),
        ((vouched(False),), Outcome.PASS),
        ((vouched(True, tree=CHANGED),), Outcome.FAIL),
        ((vouched(True, tree=None),), Outcome.UNKNOWN),
        ((signed(hashed=2, changed=("usr/bin/a",)),), Outcome.FAIL),
        ((signed(hashed=2),), Outcome.PASS),
        ((signed(hashed=2, unread="usr/bin/a: not known"),), Outcome.UNKNOWN),
        ((signed(),), Outcome.NOT_APPLICABLE),
    ],
)
def test_the_root_is_what_its_hashes_say_only_where_all_of_them_were_compared(
    records: tuple[object, ...], outcome: Outcome
) -> None:
    found = verdict("rootfs-hash-mismatch", *records)
    assert found.outcome is outcome, found.findings or found.reason


@pytest.mark.parametrize(
    ("check", "records", "outcome"),
    [
        ("verity-ignores-corruption", (Verity((TREE,), (Claim(AT, HASH),), ("image/b: cut off",)),), Outcome.UNKNOWN),
        ("verity-ignores-corruption", (Verity((TREE,), ()),), Outcome.NOT_APPLICABLE),
        ("verity-root-hash-untrusted", (UNREAD,), Outcome.UNKNOWN),
        ("verity-root-hash-untrusted", (vouched(True), RootHashPlaces(())), Outcome.PASS),
        ("verity-root-hash-untrusted", (vouched(True), RootHashPlaces((), (), (Claim(AT, HASH),))), Outcome.FAIL),
        ("verity-root-hash-untrusted", (Verity((TREE,), (Claim(AT, HASH),)),), Outcome.UNKNOWN),
        (
            "verity-root-hash-untrusted",
            (Verity((TREE,), (Claim(AT, HASH),)), RootHashPlaces((), ("image/fit: not known yet",))),
            Outcome.UNKNOWN,
        ),
        ("verity-root-hash-untrusted", (Verity((TREE,), (Claim(AT, HASH),)), RootHashPlaces(())), Outcome.PASS),
    ],
)
def test_what_verity_is_set_up_with_is_no_pass_where_it_is_not_known(
    check: str, records: tuple[object, ...], outcome: Outcome
) -> None:
    found = verdict(check, *records)
    assert found.outcome is outcome, found.findings or found.reason
