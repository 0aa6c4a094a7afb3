"""Kernel modules as kmod's modinfo reads them, signed as the kernel's own sign-file does it."""

import hashlib
import lzma
import random
import shutil
import struct
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
from mutated import mutated
from real.packages import kernel
from real.roots import NoPackagesError

from firmward.formats import kernel_module
from firmward.formats.kernel_module import Appended, Kind
from firmward.formats.malformed import Malformed

SIGN_FILE = Path("/usr/lib/linux-kbuild-6.1/scripts/sign-file")
SOURCE = """
__attribute__((section(".modinfo"), used)) static const char info[] =
    "license=GPL\\0depends=usbcore,mii\\0alias=usb:v0001*\\0alias=usb:v0002*\\0intree=Y\\0name=camera\\0"
    "vermagic=6.1.55-yocto SMP preempt mod_unload ARMv7 p2v8 ";
int init_module(void) { return 0; }
"""


def reader(data: bytes) -> kernel_module.Read:
    return lambda offset, length: data[offset : offset + length]


def parsed(data: bytes) -> kernel_module.Module:
    return kernel_module.parse(reader(data), len(data))


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    folder = tmp_path_factory.mktemp("module")
    (folder / "camera.c").write_text(SOURCE)
    subprocess.run(["gcc", "-c", "-o", folder / "camera.ko", folder / "camera.c"], check=True)
    return (folder / "camera.ko").read_bytes()


@pytest.fixture(scope="module")
def signed(module: bytes, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """By the kernel's own program, with a key made here."""
    if not SIGN_FILE.exists() or shutil.which("openssl") is None:
        pytest.skip("sign-file or openssl is not installed")
    folder = tmp_path_factory.mktemp("signed")
    (folder / "camera.ko").write_bytes(module)
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/O=Maker/CN=Maker modules"]
    subprocess.run([*request, "-keyout", "key", "-out", "cert"], cwd=folder, check=True, capture_output=True)
    subprocess.run([SIGN_FILE, "sha512", "key", "cert", "camera.ko"], cwd=folder, check=True)
    return (folder / "camera.ko").read_bytes()


def modinfo(file: Path, *fields: str) -> list[str]:
    if shutil.which("modinfo") is None:
        pytest.skip("modinfo is not installed")
    told = [
        subprocess.run(["modinfo", "-0", "-F", field, file], capture_output=True, text=True, check=True).stdout
        for field in fields
    ]
    return [text.rstrip("\0") for text in told]


def test_the_texts_are_those_of_modinfo(module: bytes, tmp_path: Path) -> None:
    (tmp_path / "camera.ko").write_bytes(module)
    found = parsed(module)
    fields = ("license", "depends", "name", "vermagic", "intree")
    assert [found.get(field) for field in fields] == modinfo(tmp_path / "camera.ko", *fields)
    assert (found.name, found.release, found.depends) == ("camera", "6.1.55-yocto", ("usbcore", "mii"))
    assert [value for name, value in found.fields if name == "alias"] == ["usb:v0001*", "usb:v0002*"]
    assert found.is_in_tree
    assert found.architecture == "x86-64"
    assert found.signature is None
    assert found.problem is None


def test_a_signature_is_found_with_what_it_goes_over(module: bytes, signed: bytes) -> None:
    found = parsed(signed)
    assert found.signature is not None
    assert (found.signature.kind, found.signature.signed) == (Kind.PKCS7, len(module))
    assert len(module) + len(found.signature.signature) + 12 + len(kernel_module.MARKER) == len(signed)
    assert replace(found, signature=None) == parsed(module)


def test_the_digest_is_of_what_was_signed(module: bytes, signed: bytes) -> None:
    signature = parsed(signed).signature
    assert signature is not None
    assert kernel_module.digest_of(signature, reader(signed), "sha512") == hashlib.sha512(module).digest()
    for name in ("md4", "none", "shake_128"):
        with pytest.raises(Malformed):
            kernel_module.digest_of(signature, reader(signed), name)


def described(length: int, kind: int = 2, numbers: tuple[int, int, int, int] = (0, 0, 0, 0)) -> bytes:
    algorithm, digest, name, key = numbers
    return struct.pack(">5B3xI", algorithm, digest, kind, name, key, length) + kernel_module.MARKER


def test_an_old_signature_names_signer_key_and_digest(module: bytes) -> None:
    """The form of Linux 3.7 to 4.2."""
    old = module + b"Maker" + b"\xaa\xbb" + bytes(256) + described(256, 1, (1, 4, 5, 2))
    assert parsed(old).signature == Appended(Kind.X509, len(module), bytes(256), "Maker", b"\xaa\xbb", "sha256")


@pytest.mark.parametrize(
    "tail",
    [
        described(0),
        described(1 << 31),
        described(100_000_000),
        described(40, 3),
        described(40, 2, (1, 0, 0, 0)),
        described(40, 2, (0, 0, 3, 0)),
    ],
)
def test_a_signature_that_cannot_be_is_a_problem(module: bytes, tail: bytes) -> None:
    found = parsed(module + bytes(64) + tail)
    assert found.signature is None
    assert found.problem is not None
    assert found.name == "camera"


def test_a_marker_alone_is_a_problem() -> None:
    with pytest.raises(Malformed, match="cut off"):
        kernel_module.appended(reader(kernel_module.MARKER), len(kernel_module.MARKER))


def test_a_marker_that_is_not_at_the_end_signs_nothing(signed: bytes) -> None:
    assert parsed(signed + b"\n").signature is None


def test_what_is_no_module_is_told(module: bytes) -> None:
    for data in (b"", b"\x7fELF", module.replace(b".modinfo", b".modtext"), lzma.compress(module)):
        with pytest.raises(Malformed):
            parsed(data)


def test_bad_bytes_are_told_in_time(signed: bytes) -> None:
    for data in (*mutated(signed, 300, span=64), *mutated(signed[::-1], 100, span=64)):
        started = time.process_time()
        for variant in (data, data[::-1]):
            try:
                parsed(variant)
            except Malformed:
                continue
        assert time.process_time() - started < 1


REAL = [
    ("amd64", "amd64", "bookworm", "x86-64"),
    ("armmp", "armhf", "bookworm", "arm"),
    ("4kc-malta", "mipsel", "bookworm", "mips"),
    ("riscv64", "riscv64", "trixie", "riscv"),
]
OF_SIGNATURE = frozenset(("sig_id", "signer", "sig_key", "sig_hashalgo", "signature"))


@pytest.mark.proof
@pytest.mark.parametrize(("flavour", "architecture", "suite", "machine"), REAL, ids=lambda value: value)
def test_debians_modules_are_as_modinfo_says(flavour: str, architecture: str, suite: str, machine: str) -> None:
    if shutil.which("modinfo") is None:
        pytest.skip("modinfo is not installed")
    try:
        folder = kernel(flavour, architecture, suite).resolve()
    except NoPackagesError:
        pytest.skip("Debian's archive is out of reach")
    files = random.Random(1).sample(sorted(folder.rglob("*.ko*")), 400)
    told = subprocess.run(["modinfo", "-0", *files], capture_output=True, check=True).stdout.decode()
    seen = 0
    for text in told.split("filename:")[1:]:
        name, *texts = text.rstrip("\0").split("\0")
        file = Path(name.strip())
        data = file.read_bytes()
        found = parsed(lzma.decompress(data) if file.suffix == ".xz" else data)
        pairs = [tuple(field.partition("=")[::2]) for field in texts if not field.startswith("parm:")]
        expected = [pair for pair in pairs if pair[0] not in OF_SIGNATURE]
        assert sorted(expected) == sorted(pair for pair in found.fields if not pair[0].startswith("parm")), file
        assert (found.architecture, found.name) == (machine, file.name.partition(".")[0].replace("-", "_"))
        assert found.release == file.relative_to(folder).as_posix().partition("lib/modules/")[2].partition("/")[0]
        assert found.signature is not None
        seen += 1
    assert seen == len(files)
