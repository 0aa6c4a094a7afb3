"""Certificates as openssl makes them, on one day and another."""

import shutil
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from firmward.audit.engine import families, judge
from firmward.checks.secrets.certificate_weak import LONG, SHORT, certificate_weak
from firmward.facts.collection import Collection
from firmward.formats import pem, x509
from firmward.model.clock import Clock
from firmward.model.memory import Content, MemoryTree
from firmward.model.policy import parse_policy

TODAY = date(2026, 11, 20)
Make = Callable[..., bytes]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A self-signed certificate by openssl, its key in the file `key` beside it."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is missing")

    def run(*words: str, key: str = "ec -pkeyopt ec_paramgen_curve:prime256v1") -> bytes:
        command = ["openssl", "req", "-x509", "-nodes", "-keyout", str(tmp_path / "key"), "-out", str(tmp_path / "crt")]
        command += ["-newkey", *key.split(), "-days", "4000", "-subj", "/CN=one", *words]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        return (tmp_path / "crt").read_bytes()

    return run


def keys(files: dict[str, Content], today: date = TODAY, policy: str = "") -> list[str]:
    facts = Collection(MemoryTree(files)).facts("test", families([certificate_weak]))
    verdict = judge(certificate_weak, facts, parse_policy(policy), Clock(today))
    return [finding.key for finding in verdict.findings]


def read(content: bytes) -> x509.Certificate:
    (block,) = pem.blocks(content)
    certificate = x509.read(block.content)
    assert certificate is not None
    return certificate


@pytest.mark.parametrize("authority", [True, False])
def test_what_openssl_tells_is_what_is_read(make: Make, tmp_path: Path, authority: bool) -> None:
    content = make("-addext", f"basicConstraints=CA:{str(authority).upper()}", "-sha1", key="rsa:1024")
    told = subprocess.run(
        ["openssl", "x509", "-in", tmp_path / "crt", "-noout", "-enddate", "-dateopt", "iso_8601"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    certificate = read(content)
    assert told.startswith(f"notAfter={certificate.ends}")
    assert (certificate.subject, certificate.issuer, certificate.names_itself) == ("one", "one", True)
    assert certificate.is_authority is authority
    assert certificate.weak_digest == "SHA-1"
    assert certificate.public is not None
    assert (certificate.public.algorithm, certificate.public.bits) == ("RSA", 1024)


def test_a_short_key() -> None:
    assert keys({"etc/x.pem": SHORT}) == ["key-size:etc/x.pem"]


def test_the_day_decides() -> None:
    assert keys({"etc/x.pem": LONG}) == []
    assert keys({"etc/x.pem": LONG}, date(2046, 1, 1)) == ["expired:etc/x.pem"]
    assert keys({"etc/x.pem": LONG}, policy="[support]\nuntil = 2040-01-01\n") == ["ends-early:etc/x.pem"]


def test_a_chain_has_a_key_for_each() -> None:
    assert keys({"etc/x.pem": SHORT + SHORT}) == ["key-size:etc/x.pem", "key-size:etc/x.pem#device"]


@pytest.mark.parametrize(
    "path",
    ["etc/ssl/certs/Old_Root.pem", "usr/share/ca-certificates/mozilla/x.crt", "usr/share/doc/x/server.crt",
     "etc/ssl/certs/ca-certificates.crt", "usr/lib/python3/dist-packages/certifi/cacert.pem"],
)  # fmt: skip
def test_trusted_roots_and_examples_are_not_judged(path: str) -> None:
    assert keys({path: SHORT}) == []


def test_a_file_of_many_is_a_bundle() -> None:
    assert keys({"opt/app/trusted.pem": SHORT * 12}) == []


def test_a_leaf_signed_with_sha1(make: Make, tmp_path: Path) -> None:
    make("-sha1")
    subprocess.run(
        ["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", tmp_path / "k2", "-subj", "/CN=leaf",
         "-out", tmp_path / "csr"], check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    subprocess.run(
        ["openssl", "x509", "-req", "-in", tmp_path / "csr", "-CA", tmp_path / "crt", "-CAkey", tmp_path / "key",
         "-sha1", "-days", "4000", "-out", tmp_path / "leaf"], check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    leaf, root = (tmp_path / "leaf").read_bytes(), (tmp_path / "crt").read_bytes()
    assert keys({"etc/leaf.pem": leaf, "etc/root.pem": root}) == ["digest:etc/leaf.pem"]
    found = keys({"etc/leaf.pem": leaf, "etc/root.pem": root, "opt/root.key": (tmp_path / "key").read_bytes()})
    assert found == ["digest:etc/leaf.pem", "authority-key:etc/root.pem"]


def test_a_server_that_may_sign_others(make: Make, tmp_path: Path) -> None:
    files = {"etc/x.pem": make(), "etc/x.key": (tmp_path / "key").read_bytes(), "etc/y.conf": "key_file = /etc/x.key\n"}
    assert keys(files) == ["authority-leaf:etc/x.pem"]
    files["etc/x.pem"] = make("-addext", "basicConstraints=CA:FALSE")
    files["etc/x.key"] = (tmp_path / "key").read_bytes()
    assert keys(files) == []


@pytest.mark.parametrize("cut", range(0, 500, 23))
def test_a_damaged_certificate_is_none_and_raises_nothing(cut: int) -> None:
    (block,) = pem.blocks(LONG.encode())
    x509.read(block.content[:cut])
    damaged = bytearray(block.content)
    damaged[min(cut, len(damaged) - 1)] ^= 0xFF
    x509.read(bytes(damaged))
