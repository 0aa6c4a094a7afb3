"""The modules of a tree, and which of them bear a signature."""

import bz2
import gzip
import lzma
import struct
import time
from collections.abc import Callable

import pytest
from real.packages import kernel
from real.roots import NoPackagesError

from firmward.facts import kernel_modules
from firmward.facts.collection import Collection
from firmward.facts.kernel_modules import OTHERS, PACKED_SAMPLE, SAMPLE, TAIL, KernelModules
from firmward.formats.kernel_module import MARKER
from firmward.model.facts import Unknown
from firmward.model.folder import FolderTree
from firmward.model.memory import Content, MemoryTree, Node

ELF = b"\x7fELF" + bytes(300) + b"\0vermagic=6.1.55-acme SMP preempt mod_unload ARMv7 \0" + bytes(40_000)
OWN, EXTRA = "lib/modules/6.1.55-acme/kernel/", "lib/modules/6.1.55-acme/extra/"


def signed(module: bytes = ELF, length: int = 256) -> bytes:
    """By the form before Linux 4.3, which needs no certificate."""
    return module + b"Maker" + b"\xaa\xbb" + bytes(length) + struct.pack(">5B3xI", 1, 4, 1, 5, 2, length) + MARKER


def modules(files: dict[str, Content]) -> KernelModules | Unknown | None:
    found = Collection(MemoryTree(files)).get(KernelModules)
    assert found is None or isinstance(found, KernelModules | Unknown)
    return found


def known(files: dict[str, Content]) -> KernelModules:
    found = modules(files)
    assert isinstance(found, KernelModules), found
    return found


def test_signed_and_unsigned_are_told_apart() -> None:
    found = known({f"{OWN}a.ko": signed(), f"{EXTRA}b.ko": ELF, f"{EXTRA}c.ko": signed()})
    assert (found.count, found.signed, found.unsigned, found.broken) == (3, 2, (f"{EXTRA}b.ko",), ())
    ((one),) = found.signers
    assert (one.name, one.key, one.digest, one.count) == ("Maker", "aabb", "sha256", 2)
    assert found.releases == ("6.1.55-acme",)
    assert found.vermagics == ("6.1.55-acme SMP preempt mod_unload ARMv7",)


@pytest.mark.parametrize(
    "tail", [MARKER, bytes(12) + MARKER, struct.pack(">5B3xI", 0, 0, 2, 0, 0, 20) + MARKER], ids=["bare", "zero", "cms"]
)
def test_a_marker_without_a_signature_is_broken(tail: bytes) -> None:
    found = known({f"{OWN}a.ko": ELF + tail})
    assert (found.signed, found.unsigned, found.broken) == (0, (), (f"{OWN}a.ko",))


def test_a_signature_that_reaches_beyond_what_is_read_is_broken() -> None:
    assert known({f"{OWN}a.ko": signed(length=TAIL)}).broken == (f"{OWN}a.ko",)


def alone(data: bytes) -> bytes:
    return lzma.compress(data, lzma.FORMAT_ALONE)


PACKED = [(".gz", gzip.compress), (".xz", lzma.compress), (".lzma", alone), (".bz2", bz2.compress)]


@pytest.mark.parametrize(("suffix", "pack"), PACKED, ids=[suffix for suffix, _ in PACKED])
def test_compressed_modules_are_expanded(suffix: str, pack: Callable[[bytes], bytes]) -> None:
    found = known({f"{OWN}a.ko{suffix}": pack(signed()), f"{OWN}b.ko{suffix}": pack(ELF)})
    assert (found.count, found.signed, found.unsigned) == (2, 1, (f"{OWN}b.ko{suffix}",))
    assert found.vermagics == ("6.1.55-acme SMP preempt mod_unload ARMv7",)


def test_what_cannot_be_expanded_is_counted_and_not_seen() -> None:
    cut, other = lzma.compress(ELF)[:-20], b"\x28\xb5\x2f\xfd"
    found = known({f"{OWN}a.ko.xz": cut, f"{OWN}b.ko.zst": other, f"{OWN}c.ko": "text"})
    assert (found.count, found.signed, found.unsigned, found.unseen) == (3, 0, (), 3)
    assert len(found.unread) == 3


def test_a_bomb_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_modules, "EXPANDED_LIMIT", 1 << 20)
    started = time.process_time()
    found = known({f"{OWN}a.ko.gz": gzip.compress(ELF + bytes(64 << 20))})
    assert (found.unseen, found.unread) == (1, (f"{OWN}a.ko.gz: cut off, or more than 1048576 bytes",))
    assert time.process_time() - started < 1


def test_of_many_of_the_kernels_own_some_are_looked_at_and_of_others_all() -> None:
    own: dict[str, Content] = {f"{OWN}{number}.ko": signed(b"\x7fELF") for number in range(3 * SAMPLE)}
    others: dict[str, Content] = {f"{EXTRA}{number}.ko": b"\x7fELF" for number in range(SAMPLE + 1)}
    found = known(own | others)
    assert len(others) <= OTHERS
    assert (found.count, found.signed, len(found.unsigned)) == (4 * SAMPLE + 1, SAMPLE, SAMPLE + 1)
    assert found.unseen == 2 * SAMPLE


def test_makers_keep_modules_anywhere_and_pages_in_korean_are_none() -> None:
    files: dict[str, Content] = {
        "opt/app/motor.ko": ELF,
        "usr/share/doc/index.html.ko": "<html>",
        "var/www/index.html.ko": "<html>",
        "usr/lib/debug/lib/modules/6.1/kernel/a.ko": ELF,
        "lib/modules/empty.ko": "",
    }
    found = known(files)
    assert (found.count, found.unsigned, found.releases) == (1, ("opt/app/motor.ko",), ())


def test_imas_signatures_are_counted() -> None:
    attribute = (("security.ima", b"\x03\x02\x04aaaa"),)
    assert known({f"{OWN}a.ko": Node(ELF, xattrs=attribute), f"{OWN}b.ko": ELF}).ima_signed == 1


def test_a_tree_without_any_has_none() -> None:
    assert modules({"etc/passwd": "", "usr/lib/systemd/catalog/systemd.ko.catalog": "-- text\n"}) is None


REAL = [("amd64", "amd64", "bookworm"), ("4kc-malta", "mipsel", "bookworm"), ("riscv64", "riscv64", "trixie")]


@pytest.mark.proof
@pytest.mark.parametrize(("flavour", "architecture", "suite"), REAL)
def test_debians_are_all_signed_by_one_key_and_read_in_time(flavour: str, architecture: str, suite: str) -> None:
    try:
        folder = kernel(flavour, architecture, suite).resolve()
    except NoPackagesError:
        pytest.skip("Debian's archive is out of reach")
    started = time.process_time()
    found = Collection(FolderTree(folder)).get(KernelModules)
    assert time.process_time() - started < 20
    assert isinstance(found, KernelModules)
    assert found.count == len(list(folder.rglob("*.ko*")))
    assert found.signed + found.unseen == found.count
    assert found.signed >= PACKED_SAMPLE // 2
    assert (found.unsigned, found.broken, found.unread) == ((), (), ())
    ((one),) = found.signers
    assert (one.digest, one.count) == ("sha256", found.signed)
    assert len(found.vermagics) == len(found.releases) == 1
