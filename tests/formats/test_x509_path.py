"""The way from a certificate to an anchor, with openssl's verify as witness."""

import itertools
from datetime import date
from pathlib import Path

import pytest
from pe_image import certificate, keys, run, succeeds

from firmward.formats import x509, x509_path
from firmward.formats.malformed import Malformed
from firmward.formats.public_key import EcKey, RsaKey
from firmward.formats.x509 import Signed


def signed(name: str) -> Signed:
    return x509.signed(certificate(name))


def found(leaf: str, others: tuple[str, ...], anchors: tuple[str, ...]) -> x509_path.Path:
    return x509_path.find(signed(leaf), map(signed, others), map(signed, anchors))


def test_it_leads_over_the_certificates_between() -> None:
    path = found("leaf", ("stranger", "middle"), ("root",))
    assert [one.data for one in path.certificates] == [certificate(name) for name in ("leaf", "middle", "root")]
    assert path.anchor == signed("root")


def test_an_anchor_may_be_any_certificate_of_it() -> None:
    for anchor in ("leaf", "middle", "root"):
        assert found("leaf", ("middle",), (anchor,)).anchor == signed(anchor)


def test_what_is_missing_is_told() -> None:
    assert found("leaf", (), ("root",)).problem == "no certificate here issued the last one"
    assert found("stranger", (), ("root",)).problem == "the last one names itself and is no anchor"
    assert found("usurper", ("leaf", "middle"), ("root",)).problem == "the issuer of the last one is no CA"


def test_validity_is_told_and_not_asked_for() -> None:
    path = found("leaf", ("middle",), ("root",))
    assert x509_path.not_valid_on(path, date.today()) == ()
    for day in (date(2001, 1, 1), date(2099, 1, 1)):
        assert [one.subject for one in x509_path.not_valid_on(path, day)] == ["leaf", "middle", "root"]


def test_a_name_alone_issues_nothing() -> None:
    middle, stranger = signed("middle"), signed("stranger")
    disguised = Signed(
        b"other", middle.body, middle.serial, middle.issuer, middle.subject, middle.algorithm, middle.signature,
        stranger.key, None, True,
    )  # fmt: skip
    path = x509_path.find(signed("leaf"), (), (disguised,))
    assert (path.anchor, path.problem) == (None, "its issuer's key does not verify the last one")
    assert x509_path.find(signed("leaf"), (disguised, middle), (signed("root"),)).anchor is not None


def test_a_changed_certificate_is_issued_by_nobody() -> None:
    whole = certificate("leaf")
    for at in (30, len(whole) // 2, len(whole) - 1):
        changed = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        try:
            leaf = x509.signed(changed)
        except Malformed:
            continue
        assert x509_path.find(leaf, (signed("middle"),), (signed("root"),)).anchor is None, at


@pytest.mark.parametrize("leaf", ["leaf", "usurper", "stranger", "middle", "root"])
def test_openssl_says_the_same(leaf: str, tmp_path: Path) -> None:
    names = ("root", "middle", "leaf", "stranger")
    for count in range(3):
        for others, anchor in itertools.product(itertools.combinations(names, count), names):
            (tmp_path / "others").write_text("".join((keys() / f"{name}.crt").read_text() for name in others))
            command = ["openssl", "verify", "-partial_chain", "-trusted", keys() / f"{anchor}.crt"]
            command += ["-untrusted", tmp_path / "others"] if others else []
            ours = found(leaf, others, (anchor,)).anchor is not None
            assert ours is succeeds(*command, keys() / f"{leaf}.crt"), (leaf, others, anchor)


def test_certificates_that_issue_each_other_end() -> None:
    """Sixty of one name and key: each may have issued each."""
    root = signed("root")
    many = [
        Signed(bytes([number]), root.body, b"", root.issuer, root.subject, root.algorithm, root.signature, root.key,
               None, True)
        for number in range(60)
    ]  # fmt: skip
    path = x509_path.find(many[0], many[1:], ())
    assert path.anchor is None
    assert len(path.certificates) <= x509_path.DEPTH


def test_keys_are_numbers() -> None:
    said = run("openssl", "x509", "-in", keys() / "leaf.crt", "-noout", "-modulus").decode().strip()
    assert signed("leaf").key == RsaKey(int(said.removeprefix("Modulus="), 16), 65537)
    assert isinstance(signed("elliptic").key, EcKey)


def test_who_may_issue() -> None:
    assert [name for name in ("root", "middle", "leaf", "stranger") if signed(name).may_issue] == ["root", "middle"]


def test_what_many_paths_take_is_bounded_in_all() -> None:
    effort = x509_path.Effort(3)
    paths = [x509_path.find(signed("leaf"), [signed("middle")], [signed("root")], effort) for _ in range(3)]
    assert [path.anchor is not None for path in paths] == [True, False, False]
    assert [path.problem for path in paths[1:]] == ["more signatures than are verified"] * 2
    assert effort.left == 0


def test_a_certificate_whose_algorithm_has_no_name_is_none() -> None:
    whole = certificate("leaf")
    algorithm = bytes.fromhex("300d06092a864886f70d01010b0500")
    at, less = whole.index(algorithm), len(algorithm) - 2
    sizes = [(int.from_bytes(whole[place : place + 2], "big") - less).to_bytes(2, "big") for place in (2, 6)]
    head = whole[:2] + sizes[0] + whole[4:6] + sizes[1] + whole[8:at]
    assert x509.read(whole) is not None
    assert x509.read(head + b"\x30\0" + whole[at + len(algorithm) :]) is None
