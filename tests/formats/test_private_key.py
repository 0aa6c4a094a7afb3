"""Private keys as real programs write them, and bytes that are none."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from firmward.formats import private_key
from firmward.formats.private_key import PrivateKey

OPENSSL = (
    ("PKCS#1", "genrsa -traditional -out {out} 1024", ("PEM", "RSA", False)),
    ("PKCS#8", "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out {out}", ("PEM", "RSA", False)),
    ("PKCS#8 in DER", "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -outform DER -out {out}",
     ("DER", "RSA", False)),
    ("old encryption", "genrsa -traditional -aes128 -passout pass:x1y2z3 -out {out} 1024", ("PEM", "RSA", True)),
    ("PBES2", "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -aes128 -pass pass:x1y2z3 -out {out}",
     ("PEM", "unknown", True)),
    ("SEC 1", "ecparam -name prime256v1 -genkey -noout -out {out}", ("PEM", "EC P-256", False)),
    ("SEC 1 with parameters", "ecparam -name secp384r1 -genkey -out {out}", ("PEM", "EC P-384", False)),
    ("EC in DER", "ecparam -name secp521r1 -genkey -noout -outform DER -out {out}", ("DER", "EC P-521", False)),
    ("Ed25519", "genpkey -algorithm ed25519 -out {out}", ("PEM", "Ed25519", False)),
)  # fmt: skip
SSH = (
    ("ssh-keygen -q -t ed25519 -N {empty} -f {out}", ("OpenSSH", "ssh-ed25519", False)),
    ("ssh-keygen -q -t rsa -b 1024 -N x1y2z3 -f {out}", ("OpenSSH", "ssh-rsa", True)),
    ("ssh-keygen -q -t ecdsa -N {empty} -m PEM -f {out}", ("PEM", "EC P-256", False)),
    ("dropbearkey -t ed25519 -f {out}", ("Dropbear", "ssh-ed25519", False)),
    ("dropbearkey -t rsa -s 1024 -f {out}", ("Dropbear", "ssh-rsa", False)),
    ("dropbearkey -t ecdsa -f {out}", ("Dropbear", "ecdsa-sha2-nistp256", False)),
)

Make = Callable[[str], bytes]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """What a program writes to {out}."""

    def run(command: str) -> bytes:
        words = [word.format(out=tmp_path / "key", empty="", folder=tmp_path) for word in command.split()]
        if shutil.which(words[0]) is None:
            pytest.skip(f"{words[0]} is missing")
        subprocess.run(words, check=True, capture_output=True, timeout=60)
        return (tmp_path / "key").read_bytes()

    return run


def found(data: bytes) -> list[PrivateKey]:
    return list(private_key.find(data, frozenset(private_key.MARKS), lines=b"\0" not in data))


def seen(data: bytes) -> list[tuple[str, str, bool]]:
    return [(key.form, key.algorithm, key.locked) for key in found(data)]


@pytest.mark.parametrize(("command", "wanted"), [pytest.param(c, w, id=name) for name, c, w in OPENSSL])
def test_openssl_writes_a_key(make: Make, command: str, wanted: tuple[str, str, bool]) -> None:
    assert seen(make(f"openssl {command}")) == [wanted]


@pytest.mark.parametrize(("command", "wanted"), SSH)
def test_ssh_programs_write_a_key(make: Make, command: str, wanted: tuple[str, str, bool]) -> None:
    assert seen(make(command)) == [wanted]


@pytest.mark.parametrize("kind", ["rsa", "ed25519", "ecdsa"])
def test_the_fingerprint_is_ssh_keygens(make: Make, tmp_path: Path, kind: str) -> None:
    (key,) = found(make(f"ssh-keygen -q -t {kind} -N {{empty}} -f {{out}}"))
    told = subprocess.run(["ssh-keygen", "-lf", tmp_path / "key.pub"], check=True, capture_output=True, text=True)
    assert key.public is not None
    assert key.public.fingerprint == told.stdout.split()[1]


@pytest.mark.parametrize("form", ["PEM", "DER"])
def test_the_public_part_is_the_same_in_every_form(make: Make, tmp_path: Path, form: str) -> None:
    (first,) = found(make("openssl genrsa -traditional -out {out} 1024"))
    (tmp_path / "first").write_bytes((tmp_path / "key").read_bytes())
    (second,) = found(make(f"openssl pkcs8 -topk8 -nocrypt -in {{folder}}/first -outform {form} -out {{out}}"))
    assert first.public is not None
    assert first.public == second.public


@pytest.mark.parametrize("where", [0, 1, 4097])
def test_a_key_amid_other_data_is_found_once(make: Make, where: int) -> None:
    key = make("openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -outform DER -out {out}")
    assert [one.offset for one in found(b"\0" * where + key + bytes(100))] == [where]


def test_line_ends_written_out_make_no_difference(make: Make) -> None:
    key = make("openssl genrsa -traditional -out {out} 1024")
    assert seen(b'{"key": "' + key.replace(b"\n", b"\\n") + b'"}') == [("PEM", "RSA", False)]
    assert seen(b"".join(b'"' + line + b'\\n"\n' for line in key.splitlines())) == [("PEM", "RSA", False)]


@pytest.mark.parametrize(
    ("password", "known"), [("", True), ("changeit", True), ("k8sLq2vv9", False)], ids=["empty", "usual", "own"]
)
def test_a_store_that_a_usual_password_opens_is_open(make: Make, tmp_path: Path, password: str, known: bool) -> None:
    make("openssl req -x509 -newkey rsa:1024 -nodes -subj /CN=x -days 9 -keyout {out} -out {folder}/crt")
    subprocess.run(
        ["openssl", "pkcs12", "-export", "-inkey", tmp_path / "key", "-in", tmp_path / "crt", "-out", tmp_path / "p12",
         "-passout", f"pass:{password}"],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    (store,) = found((tmp_path / "p12").read_bytes())
    assert (store.form, store.known, store.locked) == ("PKCS#12", known, not known)


def test_a_store_without_a_key_is_none(make: Make, tmp_path: Path) -> None:
    make("openssl req -x509 -newkey rsa:1024 -nodes -subj /CN=x -days 9 -keyout {out} -out {folder}/crt")
    store = make("openssl pkcs12 -export -nokeys -in {folder}/crt -passout pass: -out {out}")
    assert seen(store) == []


NONE = (
    ("a parser's words", b"-----BEGIN RSA PRIVATE KEY-----\0-----END RSA PRIVATE KEY-----\0"),
    ("words in a text", b"-----BEGIN EC PRIVATE KEY-----\nyour key here\n-----END EC PRIVATE KEY-----\n"),
    ("base 64 of something else", b"-----BEGIN PRIVATE KEY-----\nAAAAAAAA\n-----END PRIVATE KEY-----\n"),
    ("no end", b"-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIMoN\n"),
    ("a sealed key", b"-----BEGIN TSS2 PRIVATE KEY-----\nMIHyBgZngQUKAQOgAwEBAQIEQAAAAQRYAFYAIwALAAQEQg==\n"
     b"-----END TSS2 PRIVATE KEY-----\n"),
    ("the head of one", b"\x30\x82\x04\xa4\x02\x01\x00\x02\x82\x01\x01" + bytes(1200)),
    ("an empty WireGuard key", b"[Interface]\nPrivateKey =\n"),
    ("a WireGuard key of zeros", b"[Interface]\nPrivateKey = AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"),
    ("a public key of signify", b"untrusted comment: public key\n"
     b"RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3\n"),
    ("a length beyond the end", b"\x30\x84\xff\xff\xff\xff\x02\x01\x00"),
    ("zeros", bytes(4096)),
)  # fmt: skip


@pytest.mark.parametrize("data", [pytest.param(data, id=name) for name, data in NONE])
def test_what_only_looks_like_a_key_is_none(data: bytes) -> None:
    assert seen(data) == []


def test_a_changed_number_is_no_key(make: Make) -> None:
    key = bytearray(make("openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -outform DER -out {out}"))
    assert seen(bytes(key)) == [("DER", "RSA", False)]
    key[60] ^= 1
    assert seen(bytes(key)) == []


TEXTS = (
    ("WireGuard", b"[Interface]\nPrivateKey = MDEyMzQ1Njc4OUFCQ0RFRmdoaWprbG1ub3BxcnN0dXY=\n", False),
    ("PuTTY", b"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: x\nPublic-Lines: 1\nAA\n"
     b"Private-Lines: 1\nAA\n", False),
    ("PuTTY", b"PuTTY-User-Key-File-2: ssh-rsa\nEncryption: aes256-cbc\nComment: x\nPrivate-Lines: 1\nAA\n", True),
    ("age", b"# made\nAGE-SECRET-KEY-1QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQPZRY9X8GF2TVDW0S3JN54KHCE\n", False),
    ("signify", b"untrusted comment: secret key\nRWRCSwAAAAA" + b"A" * 128 + b"=\n", False),
    ("GnuPG", b"(11:private-key(3:rsa", False),
)  # fmt: skip


@pytest.mark.parametrize(("form", "data", "locked"), TEXTS)
def test_forms_of_one_line(form: str, data: bytes, locked: bool) -> None:
    assert [(key.form, key.locked) for key in found(data)] == [(form, locked)]
