"""IMA's digests and signatures of files, and whether the kernel looks at them."""

import hashlib

import pytest

from firmward.facts.collection import Collection
from firmward.facts.signed_files import SignedFiles
from firmward.model.memory import Content, MemoryTree, Node

ELF = b"\x7fELF\x02\x01\x01"
SHA256 = b"\x04\x04" + hashlib.sha256(ELF).digest()
SHA1 = b"\x01" + hashlib.sha1(ELF).digest()
SIGNED = b"\x03\x02\x04" + bytes(64)


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
    found = collected({"usr/bin/a": program(SIGNED), "usr/bin/b": program(b"\x05" + bytes(40))})
    assert (found.signed, found.hashed, found.unread) == (2, 0, ())


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
