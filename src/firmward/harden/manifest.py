"""The record of what was changed, `manifest.json`, schema `firmward.harden/1`: for people, for programs, and for undo.

`changed` has every path that was added or is another now, with its state before and after; `removed` the paths that are
gone, and `originals` the states that they had. A name that is not UTF-8 stands with its bytes as lone surrogates
(`\\udc80` and up), as JSON's escapes allow. What was there before is kept by its SHA-256 in `before/`.
"""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from firmward.model.errors import InputError
from firmward.model.hardening import Changed, Counts, Hardening, State, Treated
from firmward.model.kind import kind
from firmward.model.remedy import Remedy
from firmward.model.remedy_words import spoken
from firmward.model.tree import Entry, Kind

SCHEMA = "firmward.harden/1"
NAME = "manifest.json"
SIZE_LIMIT = 256 << 20
"""Bytes of a manifest that is read."""
PATH_LIMIT = 4096


@dataclass(frozen=True, slots=True)
class Manifest:
    """What undo needs of it."""

    changed: tuple[Changed, ...]


def document(hardening: Hardening, form: str) -> dict[str, object]:
    changed = [one for one in hardening.changed if one.after is not None]
    removed = [one for one in hardening.changed if one.after is None]
    return {
        "schema": SCHEMA,
        "subject": {
            "name": hardening.subject.name,
            "digest": hardening.subject.digest,
            "part": hardening.part,
        },
        "form": form,
        "standing": {"before": _counts(hardening.before), "after": _counts(hardening.after)},
        "judged": hardening.judged,
        "unknown": hardening.unknown,
        "accepted": hardening.accepted,
        "complete": hardening.budget.complete,
        "exhausted": list(hardening.budget.exhausted),
        "notes": list(hardening.notes),
        "broken": list(hardening.broken),
        "new": [_treated(one) for one in hardening.new],
        "findings": [_treated(one) for one in hardening.findings],
        "beside": list(hardening.beside),
        "changed": [
            {
                "path": one.path,
                "kind": one.after.entry.kind.value,
                "before": _state(one.before),
                "after": _state(one.after),
            }
            for one in changed
            if one.after is not None
        ],
        "removed": [one.path for one in removed],
        "originals": [{"path": one.path, **(_state(one.before) or {})} for one in removed],
    }


def render(hardening: Hardening, form: str) -> str:
    return json.dumps(document(hardening, form), indent=2) + "\n"


def _counts(counts: Counts) -> dict[str, int]:
    return {severity.value: count for severity, count in counts}


def _treated(one: Treated) -> dict[str, object]:
    return {
        "check": one.check,
        "key": one.key,
        "severity": one.severity.value,
        "message": one.message,
        "place": one.place,
        "fate": one.fate.value,
        "reason": one.reason,
        "remedy": None if one.remedy is None else _remedy(one.remedy),
    }


def _remedy(remedy: Remedy) -> dict[str, object]:
    return {
        "summary": remedy.summary,
        "safety": remedy.safety.value,
        "stage": remedy.stage.value,
        "breaks": remedy.breaks,
        "changes": [{"kind": kind(type(change)), "does": " ".join(spoken(change))} for change in remedy.changes],
    }


def _state(state: State | None) -> dict[str, object] | None:
    if state is None:
        return None
    entry = state.entry
    found: dict[str, object] = {
        "kind": entry.kind.value,
        "mode": f"{entry.mode:04o}",
        "uid": entry.uid,
        "gid": entry.gid,
        "mtime": entry.mtime,
    }
    if state.sha256 is not None:
        found |= {"size": entry.size, "sha256": state.sha256}
    if entry.target is not None:
        found["target"] = entry.target
    if entry.device is not None:
        found["device"] = list(entry.device)
    if entry.xattrs:
        found["xattrs"] = {name: base64.b64encode(value).decode() for name, value in entry.xattrs}
    return found


# ---------------------------------------------------------------------- read again


def parse(text: str, name: str) -> Manifest:
    """Raises InputError for what is no manifest, or has been changed so that it could lead out of the root."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}: is not JSON: {error}") from error
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise InputError(f"{name}: is no manifest of firmward harden (schema {SCHEMA})")
    try:
        changed = [
            Changed(_path(row), _parsed(row, row["before"]), _parsed(row, row["after"])) for row in found["changed"]
        ]
        gone = [Changed(_path(row), _parsed(row, row), None) for row in found["originals"]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{name}: is damaged ({type(error).__name__}: {error})") from error
    rows = [*changed, *gone]
    if len({row.path for row in rows}) != len(rows):
        raise InputError(f"{name}: is damaged (a path stands in it twice)")
    return Manifest(tuple(sorted(rows, key=lambda row: row.path.replace("/", "\0"))))


def _path(row: dict[str, Any]) -> str:
    path = row["path"]
    steps = path.split("/")
    if len(path) > PATH_LIMIT or "\0" in path or any(step in ("", ".", "..") for step in steps):
        raise ValueError(f"{path!r} is no path in a root")
    return str(path)


def _parsed(row: dict[str, Any], found: dict[str, Any] | None) -> State | None:
    if found is None:
        return None
    kind = Kind(found["kind"])
    digest = found["sha256"] if kind is Kind.FILE else None
    if kind is Kind.FILE and not _is_digest(digest):
        raise ValueError(f"{digest!r} is no SHA-256")
    if kind is Kind.SYMLINK and not isinstance(found["target"], str):
        raise ValueError("a link without a target")
    device = found.get("device")
    entry = Entry(
        _path(row),
        kind,
        _number(int(found["mode"], 8), 0o7777),
        _number(found["uid"]),
        _number(found["gid"]),
        _number(found.get("size", 0), 1 << 62),
        int(found["mtime"]),
        found.get("target"),
        None if device is None else (_number(device[0]), _number(device[1])),
        tuple(_xattrs(found.get("xattrs", {}))),
    )
    return State(entry, digest)


def _xattrs(found: dict[str, str]) -> Iterable[tuple[str, bytes]]:
    for name, value in found.items():
        yield str(name), base64.b64decode(value, validate=True)


def _number(value: int, most: int = (1 << 32) - 2) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise ValueError(f"{value!r} is no number that could stand here")
    return value


def _is_digest(text: object) -> bool:
    return isinstance(text, str) and len(text) == 64 and all(sign in "0123456789abcdef" for sign in text)
