"""Which deltas a release gets: from what devices have, where it lies in the repository, and only what is worth it."""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from ceremony import BETA, BOARD, MANIFEST, NOW, STABLE, TERMS, Ceremony, begun
from delta_made import applied

from firmward.model.errors import InputError
from firmward.signing.release import bases, changes
from firmward.signing.release import deltas as made_of
from firmward.signing.release import draft as drafts
from firmward.signing.release.bases import given, named, usual
from firmward.signing.release.deltas import Deltas, Task, deltas
from firmward.signing.release.draft import Draft
from firmward.signing.release.survey import survey
from firmward.signing.release.words import words
from firmward.signing.shelf import Beginning, Digest, Shelf, digest_of
from firmward.signing.tuf_repository import BLOBS, Channel
from firmward.update.manifest import Blob, Manifest, Payload, Source, encoded

CHANCE = random.Random(5)
COMMON = CHANCE.randbytes(300_000)


def content(version: str) -> bytes:
    return COMMON[:100_000] + f"VERSION={version}".encode() + COMMON[100_000:]


def payload(version: str, sources: Sequence[Source] = ()) -> Payload:
    made = digest_of(content(version))
    return Payload("boot", made.size, made.sha256, (*sources, Source("full", Blob(made.size, made.sha256))))


NONE = Deltas((), {})


class Maker(Ceremony):
    """Releases whose payloads are nearly the same."""

    def made(self, version: str, one: Channel, found: Deltas = NONE) -> Draft:
        path = self.folder / f"boot-{version}"
        path.write_bytes(content(version))
        built = int(self.now.timestamp())
        manifest = replace(MANIFEST, version=version, built=built, payloads=(payload(version, found.sources),))
        blobs = {manifest.payloads[0].sha256: Beginning(path)}
        blobs |= {sha256: Beginning(file) for sha256, file in found.files.items()}
        return changes.released(self.state, one, encoded(manifest), blobs, TERMS, self.now)

    def gives(self, version: str, one: Channel = STABLE, found: Deltas = NONE) -> Path:
        folder = self.signed(self.made(version, one, found), "office")
        self.publish(folder)
        return folder

    def deltas(self, version: str, found: Sequence[Manifest], size: int | None = None) -> tuple[Deltas, list[str]]:
        path, said = self.folder / f"new-{version}", list[str]()
        path.write_bytes(content(version) + b"what lies behind a payload")
        folder = self.folder / "made"
        folder.mkdir(exist_ok=True)
        task = Task(found, Shelf(self.repository), folder, lambda message: None, said.append)
        digest = digest_of(content(version))
        return deltas(task, "boot", Beginning(path, digest.size), digest), said


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    one = begun(tmp_path)
    made = Maker(one.folder, count=one.count, stores=one.stores)
    made.publish(made.signed(made.delegation(BETA, "office"), "office"))
    return made


def versions(found: Sequence[Manifest]) -> list[str]:
    return [one.version for one in found]


def test_a_delta_starts_from_what_the_channel_gives_and_gave_before_and_from_what_the_others_give(maker: Maker) -> None:
    assert usual(maker.state, BETA, BOARD) == ()
    for version in ("1.0", "1.1", "1.2"):
        maker.gives(version, BETA)
    maker.gives("1.0.1")
    assert versions(usual(maker.state, BETA, BOARD)) == ["1.2", "1.1", "1.0.1"]
    assert versions(usual(maker.state, STABLE, BOARD)) == ["1.0.1", "1.2"]
    assert usual(maker.state, BETA, "another-board") == ()
    assert versions(list(given(maker.state, BETA, BOARD))) == ["1.2", "1.1", "1.0"]


def test_a_channel_that_was_only_renewed_has_given_nothing_more(maker: Maker) -> None:
    for version in ("1.0", "1.1"):
        maker.gives(version)
    maker.publish(maker.signed(changes.renewed(maker.state, [STABLE.role], TERMS, NOW), "office"))
    assert versions(usual(maker.state, STABLE, BOARD)) == ["1.1", "1.0"]


def test_what_two_channels_give_counts_once(maker: Maker) -> None:
    maker.gives("1.0", BETA)
    maker.publish(maker.signed(changes.promoted(maker.state, BETA, STABLE, BOARD, TERMS, NOW), "office"))
    assert versions(usual(maker.state, STABLE, BOARD)) == ["1.0"]


def test_versions_are_named_wherever_they_were_given(maker: Maker) -> None:
    for version in ("1.0", "1.1", "1.2", "1.3"):
        maker.gives(version, BETA)
    maker.gives("0.9")
    assert versions(named(maker.state, "camera", BOARD, ["1.0", "0.9"])) == ["1.0", "0.9"]
    with pytest.raises(
        InputError, match=r"no channel of camera gave it to qemu-arm64 \(they gave: 1.3, 1.2, 1.1, 1.0, 0"
    ):
        named(maker.state, "camera", BOARD, ["2.0"])
    with pytest.raises(InputError, match="12 may be"):
        named(maker.state, "camera", BOARD, ["1.0"] * 13)


def test_a_history_ends_where_the_repository_has_lost_it(maker: Maker) -> None:
    for version in ("1.0", "1.1", "1.2"):
        maker.gives(version)
    (maker.repository / "metadata/2.camera.stable.json").unlink()
    assert versions(list(given(maker.state, STABLE, BOARD))) == ["1.2", "1.1"]


def test_a_delta_is_a_source_of_the_payload_without_what_lies_behind_it(maker: Maker) -> None:
    maker.gives("1.0")
    found, said = maker.deltas("1.1", usual(maker.state, STABLE, BOARD))
    (source,) = found.sources
    blob = found.files[source.blob.sha256].read_bytes()
    assert (source.kind, source.base, source.blob.size) == ("blocks", digest_of(content("1.0")).sha256, len(blob))
    assert hashlib.sha256(blob).hexdigest() == source.blob.sha256
    assert applied(content("1.0"), blob, len(content("1.1"))) == content("1.1")
    assert len(blob) < 500
    assert said == []


def test_it_is_told_at_signing_published_and_held_against_its_digest(maker: Maker) -> None:
    maker.gives("1.0", BETA)
    maker.gives("1.1")
    found, _ = maker.deltas("1.2", usual(maker.state, STABLE, BOARD))
    folder = maker.written(maker.made("1.2", STABLE, found))
    size = found.sources[0].blob.size
    base = digest_of(content("1.0")).sha256
    told = list(words(drafts.read(folder), Shelf(folder)))
    assert f"      or {size} bytes (0.0%) from 1.1, by blocks" in told
    assert f"      or {found.sources[1].blob.size} bytes (0.0%) from what has the sha256 {base[:16]}, by blocks" in told
    maker.gives("1.2", STABLE, found)
    assert survey(maker.repository, None, NOW).problems == []
    place = maker.repository / BLOBS / found.sources[0].blob.sha256
    place.write_bytes(place.read_bytes()[:-1] + b"?")
    assert "is not what its name says" in survey(maker.repository, None, NOW).problems[0]


def test_a_draft_that_lacks_a_delta_is_not_published(maker: Maker) -> None:
    maker.gives("1.0")
    found, _ = maker.deltas("1.1", usual(maker.state, STABLE, BOARD))
    folder = maker.signed(maker.made("1.1", STABLE, found), "office")
    (folder / BLOBS / found.sources[0].blob.sha256).unlink()
    with pytest.raises(InputError, match="lacks what its manifest names"):
        maker.publish(folder)


def test_what_is_the_same_is_made_of_itself(maker: Maker) -> None:
    maker.gives("1.0")
    found, _ = maker.deltas("1.0", usual(maker.state, STABLE, BOARD))
    assert found.sources[0].blob.size < 100


def test_a_base_that_is_gone_or_was_changed_is_passed_over_and_told(maker: Maker) -> None:
    maker.gives("1.0")
    maker.gives("1.1")
    known = usual(maker.state, STABLE, BOARD)
    first, second = (maker.repository / BLOBS / one.payloads[0].sha256 for one in known)
    first.unlink()
    second.unlink()
    second.write_bytes(content("1.9"))
    found, said = maker.deltas("1.2", known)
    assert found == NONE
    assert said == [
        "boot: no delta from 1.1: the repository does not have its payload any more",
        "boot: no delta from 1.0: its payload in the repository is not what was signed",
    ]


def test_a_delta_that_saves_little_is_not_offered(maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    maker.gives("1.0")
    known = usual(maker.state, STABLE, BOARD)
    monkeypatch.setattr(made_of, "WORTH", 0.0001)
    found, said = maker.deltas("1.1", known)
    assert (found.sources, len(said)) == ((), 1)
    assert "it would have more than 0% of the payload" in said[0]
    assert not list((maker.folder / "made").iterdir())


def test_what_is_too_large_to_be_compared_is_told(maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    maker.gives("1.0")
    monkeypatch.setattr(made_of, "SIZE_LIMIT", 1 << 20)
    big = replace(MANIFEST, version="0.1", payloads=(replace(payload("1.0"), size=(1 << 20) + 1, sha256="a" * 64),))
    assert maker.deltas("1.1", [big])[1] == ["boot: no delta from 0.1: more than 1 MiB are not compared"]


def test_a_delta_that_makes_something_else_is_never_offered(maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    maker.gives("1.0")
    real = made_of.delta
    monkeypatch.setattr(made_of, "delta", lambda base, target, *more: real(base, target[:-1] + b"?", *more))
    with pytest.raises(InputError, match="--no-delta"):
        maker.deltas("1.1", usual(maker.state, STABLE, BOARD))


def test_each_base_is_used_once_in_the_order_in_which_devices_are_likely_to_have_it(maker: Maker) -> None:
    for version in ("1.0", "1.1"):
        maker.gives(version)
    maker.gives("0.9", BETA)
    found, _ = maker.deltas("1.2", [*usual(maker.state, STABLE, BOARD)] * 2)
    wanted = [digest_of(content(version)).sha256 for version in ("1.1", "1.0", "0.9")]
    assert [source.base for source in found.sources] == wanted
    assert bases.LIMIT == 4


def test_a_payload_that_changes_while_it_is_read_is_refused(maker: Maker) -> None:
    maker.gives("1.0")
    path = maker.folder / "changed"
    path.write_bytes(content("1.1"))
    (maker.folder / "made").mkdir()
    known = usual(maker.state, STABLE, BOARD)
    task = Task(known, Shelf(maker.repository), maker.folder / "made", lambda message: None, lambda line: None)
    with pytest.raises(InputError, match="was changed while the release was made"):
        deltas(task, "boot", Beginning(path), Digest(len(content("1.1")), "b" * 64))
