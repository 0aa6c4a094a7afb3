"""fs-verity digests and signatures as the program fsverity makes them."""

import shutil
import subprocess
import time
from pathlib import Path

import pytest
from mutated import mutated

from firmward.formats import fsverity, x509
from firmward.formats.malformed import Malformed
from firmward.formats.occurrences import Read

SIZES = (0, 1, 4095, 4096, 4097, 128 * 4096, 128 * 4096 + 1, 129 * 4096, 64 * 64 * 4096 + 5)
SETTINGS = [("sha256", 4096, ""), ("sha512", 4096, "00ff"), ("sha256", 1024, "ab" * 32), ("sha512", 65536, "")]


def reader(data: bytes) -> Read:
    return lambda offset, length: data[offset : offset + length]


def content(size: int) -> bytes:
    return b"".join(number.to_bytes(4, "big") for number in range(size // 4 + 1))[:size]


@pytest.mark.parametrize(("name", "block", "salt"), SETTINGS)
def test_digest_and_descriptor_are_those_of_the_program(name: str, block: int, salt: str, tmp_path: Path) -> None:
    if shutil.which("fsverity") is None:
        pytest.skip("fsverity is not installed")
    for size in SIZES:
        data = content(size)
        (tmp_path / "file").write_bytes(data)
        command = ["fsverity", "digest", "--compact", f"--hash-alg={name}", f"--block-size={block}", "file"]
        command += [f"--salt={salt}"] if salt else []
        command += ["--out-descriptor=descriptor"]
        said = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout.strip()
        found = fsverity.compute(reader(data), size, name, block, bytes.fromhex(salt))
        assert found.digest.hex() == said, size
        assert found.data == (tmp_path / "descriptor").read_bytes()
        assert fsverity.parse(found.data) == found


def test_a_changed_byte_changes_the_digest() -> None:
    data = content(300_000)
    digest = fsverity.compute(reader(data), len(data)).digest
    for at in (0, 150_000, 299_999):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        assert fsverity.compute(reader(changed), len(changed)).digest != digest


def test_a_signature_holds_for_its_file_alone(tmp_path: Path) -> None:
    if shutil.which("fsverity") is None or shutil.which("openssl") is None:
        pytest.skip("fsverity or openssl is not installed")
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Maker", "-keyout", "key"]
    subprocess.run([*request, "-out", "cert"], cwd=tmp_path, check=True, capture_output=True)
    convert = ["openssl", "x509", "-in", "cert", "-outform", "der", "-out", "cert.der"]
    subprocess.run(convert, cwd=tmp_path, check=True)
    data = content(9000)
    (tmp_path / "file").write_bytes(data)
    sign = ["fsverity", "sign", "file", "file.sig", "--key=key", "--cert=cert"]
    subprocess.run(sign, cwd=tmp_path, check=True, capture_output=True)
    message = (tmp_path / "file.sig").read_bytes()
    certificate = x509.signed((tmp_path / "cert.der").read_bytes())
    found = fsverity.compute(reader(data), len(data))
    assert fsverity.verify(found, message, [certificate]).holds
    assert not fsverity.verify(found, message, []).holds
    other = fsverity.compute(reader(data[:-1]), len(data) - 1)
    assert not fsverity.verify(other, message, [certificate]).holds
    for bad in mutated(message, 100):
        try:
            fsverity.verify(found, bad, [certificate])
        except Malformed:
            continue


@pytest.mark.parametrize(
    ("name", "block", "salt"), [("sha1", 4096, 0), ("sha256", 4095, 0), ("sha256", 512, 0), ("sha256", 4096, 33)]
)
def test_settings_that_cannot_be_are_told(name: str, block: int, salt: int) -> None:
    with pytest.raises(Malformed):
        fsverity.compute(reader(b""), 0, name, block, bytes(salt))


def test_what_is_cut_off_is_told() -> None:
    with pytest.raises(Malformed, match="cut off"):
        fsverity.compute(reader(bytes(100)), 101)


@pytest.mark.parametrize(("at", "value"), [(0, 2), (1, 0), (1, 3), (2, 9), (2, 200), (3, 33)])
def test_descriptors_that_cannot_be_are_refused(at: int, value: int) -> None:
    data = bytearray(fsverity.compute(reader(b"x"), 1).data)
    data[at] = value
    with pytest.raises(Malformed):
        fsverity.parse(bytes(data))
    with pytest.raises(Malformed):
        fsverity.parse(bytes(data[:255]))


def test_a_large_file_takes_little_time() -> None:
    """64 MiB."""
    piece = content(1 << 20)
    started = time.process_time()
    fsverity.compute(lambda _, length: piece[:length], 64 << 20)
    assert time.process_time() - started < 4
