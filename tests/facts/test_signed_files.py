"""IMA's digests and signatures of files, and whether the kernel looks at them."""

import hashlib
from pathlib import Path

import pytest
from pe_image import run
from truth.ima_signed import CERTIFICATE, KEY_ID, signature

from firmward.facts.collection import Collection
from firmward.facts.signed_files import SignedFiles
from firmward.formats import ima, x509
from firmward.model.memory import Content, MemoryTree, Node

ELF = b"\x7fELF\x02\x01\x01"
SHA256 = b"\x04\x04" + hashlib.sha256(ELF).digest()
SHA1 = b"\x01" + hashlib.sha1(ELF).digest()
SIGNED = b"\x03\x02\x04" + KEY_ID + b"\x00\x40" + bytes(64)
VERITY = b"\x06\x03\x04" + KEY_ID + b"\x00\x40" + bytes(64)
PORTABLE = b"\x05" + SIGNED[1:]


def program(value: bytes = b"", mode: int = 0o755, content: bytes = ELF) -> Node:
    return Node(content, mode, xattrs=(("security.ima", value),) if value else ())


def collected(files: dict[str, Content]) -> SignedFiles:
    found = Collection(MemoryTree(files)).get(SignedFiles)
    assert isinstance(found, SignedFiles), found
    return found


@pytest.mark.parametrize("value", [SHA256, SHA1])
def test_a_file_that_is_not_what_its_digest_says_is_told(value: bytes) -> None:
    files: dict[str, Content] = {"usr/bin/a": program(value), "usr/bin/b": program(value, content=ELF + b"\0")}
    found = collected(files)
    assert (found.hashed, found.changed, found.unread) == (2, ("usr/bin/b",), ())


@pytest.mark.parametrize("value", [b"\x04\x11" + bytes(32), b"\x09" + bytes(20), b"\x04\x04", b"\x04"])
def test_a_digest_of_another_kind_is_no_right_one(value: bytes) -> None:
    found = collected({"usr/bin/a": program(value)})
    assert found.changed == ()
    assert found.unread == ("usr/bin/a: an IMA digest of a kind that is not known",)


def test_signatures_are_counted_apart_and_not_taken_for_digests() -> None:
    found = collected({"usr/bin/a": program(SIGNED), "usr/bin/b": program(VERITY)})
    assert (found.signed, found.by_verity, found.hashed, found.unread) == (2, 1, 0, ())
    assert found.keys == (KEY_ID.hex(),)


@pytest.mark.parametrize("value", [PORTABLE, SIGNED[:-1], b"\x03", b"\x06\x03\x04", b"\x02" + bytes(20)])
def test_what_ima_would_refuse_is_no_signature(value: bytes) -> None:
    found = collected({"usr/bin/a": program(value)})
    assert (found.signed, found.hashed, len(found.unread)) == (0, 0, 1)


def test_a_portable_signature_of_evm_is_told_beside_the_one_of_ima() -> None:
    attributes = (("security.ima", SIGNED), ("security.evm", PORTABLE))
    files: dict[str, Content] = {
        "usr/bin/a": Node(ELF, 0o755, xattrs=attributes),
        "usr/bin/b": Node(ELF, 0o755, xattrs=(attributes[0], ("security.evm", b"\x02" + bytes(20)))),
    }
    assert (collected(files).signed, collected(files).portable) == (2, 1)


def test_with_the_makers_certificate_a_changed_file_is_told() -> None:
    files: dict[str, Content] = {
        "etc/keys/x509_ima.der": CERTIFICATE,
        "usr/bin/a": program(signature(ELF)),
        "usr/bin/b": program(signature(ELF), content=ELF + b"\0"),
    }
    found = collected(files)
    assert (found.signed, found.verified, found.changed) == (2, 1, ("usr/bin/b",))
    del files["etc/keys/x509_ima.der"]
    assert (collected(files).verified, collected(files).changed) == (0, ())


def test_a_module_with_an_appended_signature_counts_where_the_policy_takes_it() -> None:
    module = Node(ELF + b"~Module signature appended~\n")
    files: dict[str, Content] = {"lib/modules/6.1/x.ko": module, "lib/modules/6.1/y.ko": Node(ELF)}
    assert len(collected(files).uncovered) == 2
    rule = "appraise func=MODULE_CHECK appraise_type=imasig|modsig\n"
    found = collected(files | {"etc/ima/ima-policy": rule})
    assert (found.uncovered, found.signed, found.appended) == (("lib/modules/6.1/y.ko",), 1, 1)


def test_a_signature_of_the_fs_verity_digest_is_held_against_the_content(tmp_path: Path) -> None:
    """The digest is that of fsverity; openssl signs the kernel's record of it, since evmctl 1.4 has no such command."""
    (tmp_path / "a").write_bytes(ELF * 2000)
    kind = ("-newkey", "rsa:2048", "-nodes", "-keyout", "key", "-subj", "/CN=files", "-out", "pem")
    run("openssl", "req", "-new", "-x509", *kind, cwd=tmp_path)
    run("openssl", "x509", "-in", "pem", "-outform", "DER", "-out", "der", cwd=tmp_path)
    digest = bytes.fromhex(run("fsverity", "digest", "--compact", "a", cwd=tmp_path).decode().split()[0])
    signed = run("openssl", "dgst", "-sha256", "-sign", "key", cwd=tmp_path, feed=b"\x06\x04" + digest)
    key = ima.key_of(x509.signed((tmp_path / "der").read_bytes())) or b""
    value = b"\x06\x03\x04" + key + len(signed).to_bytes(2, "big") + signed
    files: dict[str, Content] = {"etc/keys/x509_ima.der": (tmp_path / "der").read_bytes()}
    for content, verified in ((ELF * 2000, 1), (ELF * 2001, 0)):
        found = collected(files | {"usr/bin/a": program(value, content=content)})
        assert (found.signed, found.by_verity, found.verified, len(found.unread)) == (1, 1, verified, 1 - verified)
        assert found.uncovered == ()


def test_programs_libraries_and_modules_without_either_are_uncovered() -> None:
    files: dict[str, Content] = {
        "usr/bin/a": program(),
        "usr/lib/libx.so.1.2": program(mode=0o644),
        "lib/modules/6.1/x.ko.xz": program(mode=0o644),
        "usr/share/text": program(mode=0o644),
        "home/a/program": program(),
        "etc/init.d/S1": program(SIGNED),
    }
    assert collected(files).uncovered == ("lib/modules/6.1/x.ko.xz", "usr/bin/a", "usr/lib/libx.so.1.2")


@pytest.mark.parametrize(
    ("line", "policy", "is_enforced"),
    [
        ("ima_policy=appraise_tcb", "", True),
        ("ima_policy=tcb|secure_boot", "", True),
        ("ima_policy=tcb", "", False),
        ("ima_policy=appraise_tcb ima_appraise=log", "", False),
        ("ima_appraise=fix", "appraise func=BPRM_CHECK\n", False),
        ("ima_appraise=enforce", "appraise func=BPRM_CHECK\n", True),
        ("quiet", "dont_appraise fsmagic=0x9fa0\n# appraise func=BPRM_CHECK\nmeasure func=BPRM_CHECK\n", False),
    ],
)
def test_what_has_files_appraised(line: str, policy: str, is_enforced: bool) -> None:
    files: dict[str, Content] = {"boot/cmdline.txt": line, "etc/ima/ima-policy": policy, "usr/bin/a": program(SIGNED)}
    assert collected(files).is_enforced is is_enforced


def test_a_policy_over_files_of_which_none_is_signed_enforces_nothing() -> None:
    assert not collected({"boot/cmdline.txt": "ima_policy=appraise_tcb", "usr/bin/a": program()}).is_enforced
