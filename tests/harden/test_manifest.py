"""The record says all that was changed, says it the same every time, and is not believed when it is read."""

import json
from typing import Any

import pytest
from changed_root import drafted, hardening, record

from firmward.harden import manifest
from firmward.harden.draft import Draft
from firmward.model.errors import InputError
from firmward.model.memory import MemoryTree, Node


def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(manifest.render(hardening(drafted()), "overlay"))
    return found


def test_it_is_read_back_as_it_was() -> None:
    draft = drafted()
    assert sorted(record(draft).changed, key=lambda one: one.path) == sorted(
        hardening(draft).changed, key=lambda one: one.path
    )


def test_names_that_are_no_text_and_attributes_survive() -> None:
    capable = Node("x", xattrs=(("security.capability", b"\1\0\0\2"),))
    draft = Draft(MemoryTree({"caf\udce9": "old", "bin/ping": capable}))
    draft.write("caf\udce9", "new")
    draft.set_mode("bin/ping", 0o700)
    assert set(record(draft).changed) == set(hardening(draft).changed)


def test_it_is_the_same_every_time() -> None:
    assert manifest.render(hardening(drafted()), "diff") == manifest.render(hardening(drafted()), "diff")


def test_what_was_added_changed_and_removed_is_told_apart() -> None:
    found = document()
    assert found["schema"] == "firmward.harden/1"
    changed = {row["path"]: row for row in found["changed"]}
    assert changed["srv/new/deep/file"]["before"] is None
    assert changed["etc/shadow"]["before"]["mode"] == "0640"
    assert changed["etc/shadow"]["after"]["mode"] == "0600"
    assert changed["usr/sbin/telnetd"]["kind"] == "symlink"
    assert changed["usr/sbin/telnetd"]["after"]["target"] == "true"
    assert {"etc/app", "etc/app/a.conf", "etc/empty", "usr/lib/dir/inner/file"} <= set(found["removed"])
    assert not set(found["removed"]) & set(changed)
    assert [row["path"] for row in found["originals"]] == found["removed"]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("path", "../outside"),
        ("path", "/etc/passwd"),
        ("path", "etc//passwd"),
        ("path", ""),
        ("path", "a\0b"),
        ("path", 5),
        ("kind", "whiteout"),
        ("sha256", "../../etc/passwd"),
        ("sha256", None),
        ("mode", "99"),
        ("mode", "77777"),
        ("mode", 5),
        ("uid", -1),
        ("uid", 1 << 40),
        ("uid", True),
        ("mtime", "x"),
        ("xattrs", {"user.a": "%%"}),
    ],
)
def test_a_manifest_that_was_tampered_with_is_refused_in_one_line(place: str, value: object) -> None:
    found = document()
    row = next(one for one in found["originals"] if one["kind"] == "file")
    row[place] = value
    with pytest.raises(InputError, match="is damaged") as told:
        manifest.parse(json.dumps(found), "manifest.json")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "is no manifest of firmward harden"),
        ('{"schema": "firmward.extract/1"}', "is no manifest of firmward harden"),
        ('{"schema": "firmward.harden/1"}', "is damaged"),
        ('{"schema": "firmward.harden/1", "changed": 5, "originals": []}', "is damaged"),
        ('{"schema": "firmward.harden/1", "changed": [5], "originals": []}', "is damaged"),
    ],
)
def test_what_is_no_manifest_is_refused(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        manifest.parse(text, "manifest.json")


def test_a_path_that_stands_twice_is_refused() -> None:
    found = document()
    found["changed"].append(found["changed"][0])
    with pytest.raises(InputError, match="twice"):
        manifest.parse(json.dumps(found), "manifest.json")
