"""What metadata may say, and what it may not, whoever signed it."""

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from played_repository import Played, target_file
from tuf.api.metadata import Delegations, SuccinctRoles

from firmward.formats.malformed import Malformed
from firmward.trust import metadata
from firmward.trust.metadata import Bins, Digests

Change = Callable[[dict[str, Any]], None]


def made() -> Played:
    played = Played()
    played.targets.targets["a"] = target_file("a")
    played.delegate("camera.stable", ["camera/stable/*"])
    played.publish("targets")
    return played


PLAYED = made()
READERS = {
    "root": metadata.root,
    "timestamp": metadata.timestamp,
    "snapshot": metadata.snapshot,
    "targets": lambda table: metadata.targets(table, "targets"),
}


def read(role: str, change: Change = lambda _: None, played: Played = PLAYED) -> Any:
    whole = json.loads(played.bytes_of(role))
    change(whole)
    return READERS[role](metadata.opened(json.dumps(whole).encode(), role)[1])


@pytest.mark.parametrize("role", READERS)
def test_what_the_reference_writes_is_read(role: str) -> None:
    assert read(role).version >= 1


def twice(whole: dict[str, Any]) -> None:
    whole["signatures"] *= 2


def said(*path: Any, to: Any) -> Change:
    def change(whole: dict[str, Any]) -> None:
        inner = whole["signed"]
        for step in path[:-1]:
            inner = inner[step if step != "*" else next(iter(inner))]
        inner[path[-1]] = to

    return change


DELEGATION = ("delegations", "roles", 0)
TARGET = ("targets", "a")
NO_KEY = {"keyids": [], "threshold": 1}


@pytest.mark.parametrize(
    ("role", "change", "why"),
    [
        ("root", twice, "signed twice"),
        ("root", said("_type", to="targets"), "of type"),
        ("timestamp", said("_type", to="snapshot"), "of type"),
        ("root", said("spec_version", to="2.0"), "another specification"),
        ("root", said("version", to=0), "version"),
        ("root", said("version", to=2**53 + 1), "version"),
        ("root", said("expires", to="2031-06-30"), "no time"),
        ("root", said("roles", "timestamp", "threshold", to=0), "threshold"),
        ("root", said("roles", "timestamp", "keyids", to=["0" * 64]), "does not hold"),
        ("root", said("roles", "other", to=NO_KEY), "four roles"),
        ("root", said("roles", to={"root": NO_KEY}), "four roles"),
        ("timestamp", said("meta", to={}), "snapshot alone"),
        ("timestamp", said("x-firmward-signed", to="soon"), "no time"),
        ("snapshot", said("meta", to={"root.json": {"version": 1}}), "does not name the role targets"),
        ("snapshot", said("meta", "root.txt", to={"version": 1}), "no .json"),
        ("targets", said(*TARGET, "hashes", to={"md5": "0"}), "algorithm"),
        ("targets", said(*TARGET, to={"length": 5}), "no hash"),
        ("targets", said("targets", "b" * 513, to={"length": 5, "hashes": {"sha256": "0"}}), "characters"),
        ("targets", said(*DELEGATION, "name", to="root"), "may not be called so"),
        ("targets", said(*DELEGATION, "name", to=""), "may not be called so"),
        ("targets", said(*DELEGATION, "path_hash_prefixes", to=["0"]), "by paths or by hashes"),
        ("targets", said("delegations", "succinct_roles", to={}), "by roles or by bins"),
    ],
)
def test_what_it_may_not_say(role: str, change: Change, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        read(role, change)


def test_a_role_twice_in_a_delegation_is_refused() -> None:
    def doubled(whole: dict[str, Any]) -> None:
        whole["signed"]["delegations"]["roles"] *= 2

    with pytest.raises(Malformed, match="twice to one role"):
        read("targets", doubled)


def test_bins_are_read() -> None:
    played = Played()
    played.targets.delegations = Delegations({}, succinct_roles=SuccinctRoles([], 1, 10, "bin"))
    played.targets.add_key(played.signers["targets"][0].public_key)
    found = read("targets", played=played).delegations
    assert isinstance(found, Bins)
    assert (found.bits, found.prefix, len(found.keys.keys)) == (10, "bin", 1)


@pytest.mark.parametrize(
    ("digests", "fit"),
    [
        (Digests(3, (("sha256", sha256(b"abc").hexdigest()),)), True),
        (Digests(None, (("sha256", sha256(b"abc").hexdigest()),)), True),
        (Digests(4, (("sha256", sha256(b"abc").hexdigest()),)), False),
        (Digests(3, (("sha256", sha256(b"abc").hexdigest()), ("sha512", "0" * 128))), False),
        (Digests(3, ()), True),
    ],
)
def test_bytes_have_to_be_of_the_length_and_of_every_digest(digests: Digests, fit: bool) -> None:
    assert digests.fit(b"abc") is fit
