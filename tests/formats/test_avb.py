"""Android's vbmeta, made by a writer of the tests; openssl signs, veritysetup makes the hash trees."""

import re
import shutil
import struct
import subprocess
import time
from pathlib import Path

import pytest
import vbmeta_writer as writer
from mutated import mutated

from firmward.formats import avb
from firmward.formats.malformed import Malformed
from firmward.formats.occurrences import Read

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")

BOOT = b"ANDROID!" + bytes(range(256)) * 70
PLAIN = (
    writer.prop(b"com.android.build.boot.os_version", b"14"),
    writer.hashed(b"boot", BOOT, b"salt" * 8),
    writer.command_line(b"androidboot.veritymode=enforcing root=/dev/dm-0", 1),
)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


def reader(data: bytes) -> Read:
    return lambda offset, length: data[offset : offset + length] if offset >= 0 else b""


@pytest.mark.parametrize("number", avb.ALGORITHMS)
def test_each_algorithm_verifies_what_openssl_signed(number: int, keys: Path) -> None:
    key = writer.make_key(keys, writer.BITS[number])
    found = avb.parse(writer.vbmeta(PLAIN, number, key, rollback=7, location=2, metadata=b"certificate"))
    assert found.algorithm is avb.ALGORITHMS[number]
    assert (found.rollback_index, found.rollback_location, found.release) == (7, 2, "avbtool 1.3.0")
    assert avb.verify(found) == avb.Verdict(True)


def test_the_key_is_compared_with_the_one_that_is_given(keys: Path) -> None:
    key = writer.make_key(keys, 2048)
    own = writer.public_key(key)
    found = avb.parse(writer.vbmeta(PLAIN, 1, key))
    assert avb.verify(found, own).is_expected is True
    assert avb.verify(found, avb.modulus_of(own)).is_expected is True
    other = writer.public_key(writer.make_key(keys, 4096))
    assert avb.verify(found, other) == avb.Verdict(True, None, False)
    assert avb.verify(found, avb.modulus_of(other)) == avb.Verdict(True, None, False)


def test_every_descriptor_is_read() -> None:
    key = bytes(range(64))
    made = (
        *PLAIN,
        writer.chain(b"vbmeta_system", 3, key),
        writer.hashtree(b"system", 8192, (8192, 4096), (4096, 4096), b"s", b"r" * 32, fec=(2, 12288, 4096)),
        writer.descriptor(99, bytes(16)),
    )
    found = avb.parse(writer.vbmeta(made)).descriptors
    assert found[0] == avb.PropertyDescriptor("com.android.build.boot.os_version", b"14")
    assert isinstance(found[1], avb.HashDescriptor)
    assert (found[1].partition, found[1].size, found[1].algorithm) == ("boot", len(BOOT), "sha256")
    assert found[2] == avb.CommandLineDescriptor("androidboot.veritymode=enforcing root=/dev/dm-0", 1)
    assert found[3] == avb.ChainDescriptor("vbmeta_system", 3, key)
    assert found[4] == avb.HashtreeDescriptor(
        "system", 8192, "sha256", 4096, 4096, 8192, 4096, b"s", b"r" * 32, 1, 2, 12288, 4096
    )
    assert len(found) == 5


def test_what_is_not_signed_does_not_hold() -> None:
    found = avb.parse(writer.vbmeta(PLAIN, flags=3))
    assert found.algorithm is None
    assert (found.hashtree_disabled, found.verification_disabled) == (True, True)
    assert avb.verify(found).problem == "not signed"


def test_flags_are_told_apart() -> None:
    found = avb.parse(writer.vbmeta(PLAIN, flags=2))
    assert (found.hashtree_disabled, found.verification_disabled) == (False, True)


def test_any_signed_byte_that_is_changed_breaks_it(keys: Path) -> None:
    good = writer.vbmeta(PLAIN, 1, writer.make_key(keys, 2048))
    start = 256 + 320  # the authentication block: a digest, a signature of 2048 bits, padding
    for at in (112 + 7, 123, 130, start + 45, start + 100, len(good) - 1, 256, 256 + 40, 256 + 287):
        changed = good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :]
        assert not avb.verify(avb.parse(changed)).holds, at


def test_padding_of_the_authentication_block_is_not_signed(keys: Path) -> None:
    good = bytearray(writer.vbmeta(PLAIN, 1, writer.make_key(keys, 2048)))
    good[256 + 300] ^= 1
    assert avb.verify(avb.parse(bytes(good))).holds


def test_a_key_of_another_size_than_the_algorithms_is_refused(keys: Path) -> None:
    good = bytearray(writer.vbmeta(PLAIN, 1, writer.make_key(keys, 2048)))
    head = bytes(good)
    good[28:32] = (2).to_bytes(4, "big")
    assert "hash" in (avb.verify(avb.parse(bytes(good))).problem or "")
    assert avb.verify(avb.parse(head)).holds


def test_a_footer_says_where_the_vbmeta_lies(keys: Path) -> None:
    image = writer.vbmeta(PLAIN, 4, writer.make_key(keys, 2048))
    partition = writer.with_footer(BOOT, image, 1 << 17)
    place = avb.footer(reader(partition), len(partition))
    assert place == avb.Footer((1, 0), len(BOOT), 20480, len(image))
    found = avb.of_partition(reader(partition), len(partition))
    assert found is not None
    assert avb.verify(found).holds
    assert avb.of_partition(reader(image), len(image)) == found
    assert avb.of_partition(reader(BOOT), len(BOOT)) is None
    assert avb.footer(reader(b""), 0) is None


@pytest.mark.parametrize(("at", "value"), [(12, 1 << 40), (20, 1 << 40), (20, (1 << 17) - 64), (28, 1 << 30), (28, 10)])
def test_a_footer_that_points_outside_is_told(at: int, value: int) -> None:
    partition = bytearray(writer.with_footer(BOOT, writer.vbmeta(PLAIN), 1 << 17))
    struct.pack_into(">Q", partition, len(partition) - 64 + at, value)
    with pytest.raises(Malformed, match="footer"):
        avb.of_partition(reader(bytes(partition)), len(partition))


@pytest.mark.parametrize("algorithm", ["sha256", "sha512", "sha1"])
def test_a_partition_is_held_against_its_digest(algorithm: str) -> None:
    (found,) = avb.parse(writer.vbmeta([writer.hashed(b"boot", BOOT, b"pepper", algorithm=algorithm)])).descriptors
    assert isinstance(found, avb.HashDescriptor)
    assert avb.check_hash(found, reader(BOOT + b"padding")) is None
    assert "not what" in (avb.check_hash(found, reader(BOOT[:-1] + b"\0")) or "")
    assert "cut off" in (avb.check_hash(found, reader(BOOT[:-1])) or "")


def test_a_digest_that_is_not_known_is_told() -> None:
    with pytest.raises(Malformed, match="md5"):
        avb.check_hash(avb.HashDescriptor("boot", 1, "md5", b"", b""), reader(b"x"))


@pytest.mark.parametrize(
    ("algorithm", "block", "count"), [("sha256", 4096, 300), ("sha1", 4096, 9), ("sha256", 4096, 1)]
)
def test_a_hash_tree_is_held_against_its_data(algorithm: str, block: int, count: int, tmp_path: Path) -> None:
    if shutil.which("veritysetup") is None:
        pytest.skip("veritysetup is not installed")
    data = b"".join(number.to_bytes(4, "big") * (block // 4) for number in range(count))
    (tmp_path / "data").write_bytes(data)
    (tmp_path / "tree").write_bytes(b"")
    command = [
        "veritysetup",
        "format",
        "--no-superblock",
        f"--hash={algorithm}",
        "--salt=00ff",
        f"--data-blocks={count}",
    ]
    said = subprocess.run([*command, "data", "tree"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    root = re.search(r"Root hash:\s+([0-9a-f]+)", said)
    assert root is not None
    tree = (tmp_path / "tree").read_bytes()
    partition = data + tree
    where = (len(data), len(tree))
    made = writer.hashtree(
        b"system", len(data), where, (block, block), b"\0\xff", bytes.fromhex(root[1]), algorithm=algorithm.encode()
    )
    (found,) = avb.parse(writer.vbmeta([made])).descriptors
    assert isinstance(found, avb.HashtreeDescriptor)
    assert avb.check_hashtree(found, reader(partition)) is None
    last = len(data) - 1
    assert avb.check_hashtree(found, reader(partition[:last] + b"!" + partition[last + 1 :])) is not None


@pytest.mark.parametrize(
    "change", [{"data_block": 0}, {"data_block": 4095}, {"size": 8193}, {"algorithm": "md4"}, {"version": 7}]
)
def test_a_hash_tree_that_cannot_be_is_told(change: dict[str, int]) -> None:
    fields = {"partition": "x", "size": 8192, "algorithm": "sha256", "data_block": 4096, "hash_block": 4096}
    rest = {"tree_offset": 8192, "tree_size": 4096, "salt": b"", "root_digest": bytes(32)}
    with pytest.raises(Malformed):
        avb.check_hashtree(avb.HashtreeDescriptor(**{**fields, **rest, **change}), reader(bytes(16384)))  # type: ignore[arg-type]


def test_bad_bytes_are_told_in_time(keys: Path) -> None:
    tree = writer.hashtree(b"system", 8192, (8192, 4096), (4096, 4096), b"s", b"r" * 32)
    good = writer.vbmeta((*PLAIN, tree, writer.chain(b"x", 1, bytes(64))), 1, writer.make_key(keys, 2048))
    partition = writer.with_footer(BOOT[:2000], good, 16384)
    for data in (*mutated(good, 600), *mutated(partition, 200, span=4096), *mutated(partition[::-1], 200, span=64)):
        started = time.process_time()
        for variant in (data, data[::-1]):
            try:
                found = avb.of_partition(reader(variant), len(variant))
                if found is not None:
                    avb.verify(found)
                    for one in found.descriptors:
                        if isinstance(one, avb.HashtreeDescriptor):
                            avb.check_hashtree(one, reader(variant))
                        if isinstance(one, avb.HashDescriptor):
                            avb.check_hash(one, reader(variant))
            except Malformed:
                continue
        assert time.process_time() - started < 1
