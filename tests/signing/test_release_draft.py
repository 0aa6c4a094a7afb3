"""A draft comes from somebody's stick: what is signed is what was shown, and nothing in it does harm."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import stores
from ceremony import BOARD, STABLE, Ceremony, begun
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmward.model.errors import FirmwardError, InputError, TrustError
from firmward.signing.release import draft, signatures
from firmward.signing.release.words import words
from firmward.signing.shelf import Shelf
from firmward.update.manifest import Accepted, encoded, parse


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Ceremony:
    with stores.cheaply():
        one = begun(tmp_path_factory.mktemp("original"))
        one.publish(one.signed(one.release("1.0", 1), "office"))
        one.written(one.release("1.1", 1))
    return one


@pytest.fixture
def stick(original: Ceremony, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original.folder / f"draft-{original.count}", tmp_path / "stick"))


def shown(folder: Path) -> str:
    return "\n".join(words(draft.read(folder), Shelf(folder)))


def test_what_is_shown_is_read_from_what_is_signed(original: Ceremony, stick: Path) -> None:
    told = shown(stick)
    assert "camera.stable 3 follows 2" in told
    assert f"{BOARD}: camera 1.1 (rollback index 1), instead of 1.0 (rollback index 1)" in told
    record = json.loads((stick / "draft.json").read_text())
    (stick / "draft.json").write_text(json.dumps(record | {"kind": "renewal", "said": "nothing changes"}))
    assert shown(stick) == told


def test_who_accepted_what_is_shown(original: Ceremony, tmp_path: Path) -> None:
    made = original.release("1.1", 1)
    place, content = next((p, c) for p, c in made.manifests.items() if parse(c).version == "1.1")
    manifest = replace(parse(content), accepted=(Accepted("tls-weak[443]", "old recorders", "J. Roe"),))
    with_it = draft_of(original, encoded(manifest))
    draft.write(with_it, tmp_path / "one")
    assert "accepts tls-weak[443]: old recorders (J. Roe)" in shown(tmp_path / "one")
    assert place not in with_it.manifests


def draft_of(one: Ceremony, content: bytes) -> draft.Draft:
    from firmward.signing.release import changes

    return changes.released(one.state, STABLE, content, {}, changes.Terms(), one.now)


@pytest.mark.parametrize("change", ["gone", "other", "link"])
def test_what_cannot_be_shown_is_not_signed(stick: Path, change: str, original: Ceremony) -> None:
    for path in (stick / "targets/camera/stable").iterdir():
        content = path.read_bytes()
        path.unlink()
        if change == "other":
            path.write_bytes(content.replace(b"1.1", b"1.2"))
        elif change == "link":
            path.symlink_to("/etc/passwd")
    with pytest.raises(InputError):
        shown(stick)
    assert original


@pytest.mark.parametrize("place", ["top", "file"])
def test_what_no_line_tells_is_not_signed(stick: Path, place: str) -> None:
    path = stick / "next/camera.stable.json"
    record = json.loads(path.read_text())
    at = record["signed"] if place == "top" else next(iter(record["signed"]["targets"].values()))
    at["custom" if place == "file" else "x-more"] = {"run": "me"}
    path.write_text(json.dumps(record))
    with pytest.raises(InputError, match="says more than can be shown"):
        shown(stick)


def test_signing_writes_nothing_but_the_signature(original: Ceremony, stick: Path) -> None:
    before = {path: path.read_bytes() for path in stick.rglob("*") if path.is_file()}
    signatures.sign(stick, original.store("office"), stores.known())
    after = {path: path.read_bytes() for path in stick.rglob("*") if path.is_file()}
    assert {path for path in after if after[path] != before.get(path)} == {stick / "next/camera.stable.json"}
    signed = json.loads((stick / "next/camera.stable.json").read_text())
    assert signed["signed"] == json.loads(before[stick / "next/camera.stable.json"])["signed"]


def test_a_link_in_the_place_of_metadata_leads_nowhere(original: Ceremony, stick: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    shutil.copy(stick / "next/camera.stable.json", outside)
    before = outside.read_bytes()
    (stick / "next/camera.stable.json").unlink()
    (stick / "next/camera.stable.json").symlink_to(outside)
    with pytest.raises(InputError, match="link"):
        signatures.sign(stick, original.store("office"), stores.known())
    assert outside.read_bytes() == before
    shutil.rmtree(stick / "next")
    (stick / "next").symlink_to(tmp_path)
    with pytest.raises(InputError):
        signatures.sign(stick, original.store("office"), stores.known())


@pytest.mark.parametrize(
    "name",
    ["../office/keys", "/etc/passwd", "camera/stable", "snapshot", "timestamp", "..", "", "a.b.c", "A.stable"],
)
def test_a_draft_names_only_what_is_drafted(stick: Path, name: str) -> None:
    record = json.loads((stick / "draft.json").read_text())
    record["follows"] = {name: {"size": 1, "sha256": "0" * 64}}
    (stick / "draft.json").write_text(json.dumps(record))
    with pytest.raises(FirmwardError):
        draft.read(stick)


def test_a_pipe_and_a_device_are_not_waited_for(stick: Path) -> None:
    for name in ("draft.json", "base/root.json"):
        (stick / name).unlink()
        os.mkfifo(stick / name)
        with pytest.raises(InputError):
            draft.read(stick)


def test_a_draft_that_says_that_others_sign_gets_no_signature(original: Ceremony, stick: Path) -> None:
    """Who signs is the draft's own word; a key signs only what is its role's, and publish believes none of it."""
    top = json.loads((stick / "base/targets.json").read_text())
    root = json.loads((stick / "base/root.json").read_text())
    top["signed"]["delegations"]["keys"] = root["signed"]["keys"]
    top["signed"]["delegations"]["roles"][0]["keyids"] = list(root["signed"]["keys"])
    (stick / "base/targets.json").write_text(json.dumps(top))
    with pytest.raises(InputError, match="none of the keys"):
        signatures.sign(stick, original.store("office"), stores.known())
    with pytest.raises(InputError, match="none of the keys"):
        signatures.sign(stick, original.store("server"), stores.known())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_bytes_are_told_and_never_signed(original: Ceremony, stick: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["draft.json", "next/camera.stable.json", "base/targets.json", "base/root.json"]))
    content = (stick / name).read_bytes()
    at = data.draw(st.integers(0, len(content) - 1))
    damaged = content[:at] + data.draw(st.binary(max_size=3)) + content[at + data.draw(st.integers(0, 40)) :]
    (stick / name).write_bytes(damaged)
    try:
        found = draft.read(stick)
        list(words(found, Shelf(stick)))
        signatures.standings(found)
    except (InputError, TrustError):
        pass
    finally:
        (stick / name).write_bytes(content)


def test_a_folder_that_is_no_draft_is_told(tmp_path: Path, original: Ceremony) -> None:
    for folder in (tmp_path, tmp_path / "none", original.repository):
        with pytest.raises(InputError, match="is no draft"):
            draft.read(folder)


def test_a_draft_takes_no_folder_that_is_there(original: Ceremony, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    made = original.release("1.1", 1)
    for place in (tmp_path / "there", tmp_path / "link", tmp_path / "no/folder", Path("..")):
        with pytest.raises(InputError):
            draft.write(made, place)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "there"]
