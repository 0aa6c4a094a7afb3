"""The shell around the workflow: where it looks, what it takes, and what it keeps."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from played_repository import MOMENT, Played, target_file
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import DelegatedRole, Delegations, Targets

from firmward.formats.malformed import Malformed
from firmward.model.errors import DeviceError, TrustError
from firmward.trust.client import Client
from firmward.trust.metadata import Root
from firmward.trust.place import Below, Steps
from firmward.trust.store import Store
from firmward.trust.trusted import Moment


@dataclass
class Files:
    """A place (place.py)."""

    files: dict[str, bytes]

    def read(self, path: Steps, limit: int) -> bytes | None:
        content = self.files.get("/".join(path))
        assert content is None or len(content) <= limit
        return content

    def stream(self, path: Steps, offset: int, limit: int) -> list[bytes]:
        return [self.files["/".join(path)][offset : offset + limit]]


def client(played: Played, place: Path, content: bytes | None = None) -> Client:
    """Whose repository has this content for the target, none without any."""
    metadata = {
        f"{role}.json" if version is None else f"{version}.{role}.json": content
        for (role, version), content in played.published.items()
    }
    store = Store(place)
    if store.recall("root") is None:
        store.keep("root", played.published["root", 1])
    target = played.targets.targets.get("a/b.json")
    files = {f"a/{target.hashes['sha256']}.b.json": content} if target is not None and content is not None else {}
    return Client(store, Files(metadata), Files(files), MOMENT)


@pytest.fixture
def played() -> Played:
    made = Played()
    made.targets.targets["a/b.json"] = target_file("a/b.json", b"content")
    made.publish("targets", "snapshot", "timestamp")
    return made


def test_a_target_lies_under_its_digest(played: Played, tmp_path: Path) -> None:
    digest = played.targets.targets["a/b.json"].hashes["sha256"]
    asked = client(played, tmp_path)
    assert asked.place(asked.target("a/b.json")) == ("a", f"{digest}.b.json")


def test_what_was_verified_says_by_whom(played: Played, tmp_path: Path) -> None:
    asked = client(played, tmp_path, b"content")
    read = asked.read(asked.target("a/b.json"), 100, bytes)
    assert (read.value, read.signed_by) == (b"content", {played.signers["targets"][0].public_key.keyid})


@pytest.mark.parametrize("limit", [6, 0])
def test_a_target_beyond_the_bound_is_not_fetched(played: Played, tmp_path: Path, limit: int) -> None:
    asked = client(played, tmp_path, b"content")
    with pytest.raises(TrustError, match="at most"):
        asked.read(asked.target("a/b.json"), limit, bytes)


def test_a_target_that_is_not_there_is_asked_for_again(played: Played, tmp_path: Path) -> None:
    asked = client(played, tmp_path)
    with pytest.raises(DeviceError, match="does not have it"):
        asked.read(asked.target("a/b.json"), 100, bytes)


def test_what_cannot_be_read_is_refused(played: Played, tmp_path: Path) -> None:
    def never(_: bytes) -> None:
        raise Malformed("is no manifest")

    asked = client(played, tmp_path, b"content")
    with pytest.raises(TrustError, match="is no manifest"):
        asked.read(asked.target("a/b.json"), 100, never)


def test_the_time_is_asked_for_under_the_newest_root(played: Played, tmp_path: Path) -> None:
    old = played.rotate("root")
    played.publish("root", also=old)
    seen: list[int] = []

    def timing(root: Root) -> Moment:
        seen.append(root.version)
        return MOMENT

    asked = client(played, tmp_path)
    asked._timing = timing
    asked.target("a/b.json")
    assert seen == [2]


def test_what_one_delegator_vouches_for_counts_for_no_other(tmp_path: Path) -> None:
    """`a` and `b` both delegate to a role of this name, each with a key of its own."""
    played = Played()
    own = {name: CryptoSigner.generate_ed25519() for name in ("a", "b")}
    for name, signer in own.items():
        one = played.delegate(name, [f"{name}/*"], terminating=True)
        one.delegations = Delegations({}, {"shared": DelegatedRole("shared", [], 1, True, [f"{name}/*"])})
        one.add_key(signer.public_key, "shared")
    played.signers["shared"] = [own["a"]]
    played.delegated["shared"] = Targets(
        expires=played.targets.expires, targets={path: target_file(path) for path in ("a/x", "b/x")}
    )
    played.publish("shared", "a", "b", "targets", "snapshot", "timestamp")
    asked = client(played, tmp_path)
    assert asked.target("a/x").role == "shared"
    with pytest.raises(TrustError, match="shared: 0 of its keys"):
        asked.target("b/x")


def test_a_folder_of_a_place_is_a_place() -> None:
    below = Below(Files({"metadata/a": b"content"}), ("metadata",))
    assert below.read(("a",), 9) == b"content"
    assert list(below.stream(("a",), 3, 2)) == [b"te"]
