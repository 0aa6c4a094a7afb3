"""A difference as JSON, schema `firmward.diff/1`, which `diff.schema.json` beside this file describes."""

import json
from importlib.resources import files
from typing import cast

from firmward.audit.difference_record import (
    CheckChange,
    Difference,
    Direction,
    FactChange,
    FindingChange,
    LinkChange,
    PartChange,
)
from firmward.audit.json_record import to_json
from firmward.audit.tree_difference import FileChange, TreeDifference
from firmward.model.inventory import FileState
from firmward.model.kind import kind
from firmward.model.report import Part, ReportedFinding
from firmward.model.version import VERSION

SCHEMA = "firmward.diff/1"

Object = dict[str, object]


def difference_document(difference: Difference) -> Object:
    """The difference as objects, lists and scalars, what got worse first."""
    worse = [change for change in difference.findings if change.direction is Direction.WORSE]
    better = [change for change in difference.findings if change.direction is Direction.BETTER]
    return {
        "schema": SCHEMA,
        "tool": {"name": "firmward", "version": VERSION},
        "old": to_json(difference.old),
        "new": to_json(difference.new),
        "summary": {
            "empty": difference.is_empty,
            "complete": difference.is_complete,
            "worse": len(worse),
            "better": len(better),
            "lost_verdicts": len(difference.lost),
        },
        "notes": list(difference.notes),
        "findings": [_finding(change) for change in difference.findings],
        "checks": [_check(change) for change in difference.checks],
        "chain": [_link(change) for change in difference.links],
        "parts": [_part(change) for change in difference.parts],
        "facts": [_fact(change) for change in difference.facts],
        "unknown": [to_json(one) | {"family": _name(one.family)} for one in difference.blind],  # type: ignore[operator]
        "files": None if difference.trees is None else [_tree(tree) for tree in difference.trees],
    }


def render_difference_json(difference: Difference) -> str:
    return json.dumps(difference_document(difference), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def difference_schema() -> Object:
    """The JSON schema that every difference keeps."""
    return cast(Object, json.loads(files("firmward.audit").joinpath("diff.schema.json").read_text(encoding="utf-8")))


def _link(change: LinkChange) -> Object:
    return {
        "link": change.link,
        "direction": change.direction.value,
        "was": change.was and change.was.value,
        "now": change.now and change.now.value,
        "why": change.why,
    }


def _finding(change: FindingChange) -> Object:
    found = change.finding
    return {
        "change": change.changed.value,
        "direction": change.direction.value,
        "fingerprint": found.fingerprint,
        "check": found.check,
        "key": found.key,
        "area": found.area,
        "title": found.title,
        "message": found.message,
        "at": to_json(found.at),
        "was": _standing(change.was),
        "now": _standing(change.now),
    }


def _standing(finding: ReportedFinding | None) -> Object | None:
    return None if finding is None else {"severity": finding.severity.value, "outcome": finding.outcome}


def _check(change: CheckChange) -> Object:
    return {**cast(Object, to_json(change)), "direction": change.direction.value, "lost": change.lost_verdict}


def _part(change: PartChange) -> Object:
    return {"differs": list(change.differs), "was": _short(change.was), "now": _short(change.now)}


def _short(part: Part | None) -> Object | None:
    if part is None:
        return None
    names = ("id", "kind", "role", "size", "problem", "same_as")
    return {name: value for name, value in cast(Object, to_json(part)).items() if name in names}


def _fact(change: FactChange) -> Object:
    one = change.drift
    return {
        "part": change.part,
        "family": _name(one.family),
        "key": one.key,
        "change": one.change.value,
        "fields": to_json(one.fields),
    }


def _name(family: str) -> str:
    return kind(type(family, (), {}))


def _tree(tree: TreeDifference) -> Object:
    return {**cast(Object, to_json(tree)), "changes": [_file(change) for change in tree.changes]}


def _file(change: FileChange) -> Object:
    return {
        "path": change.path,
        "change": change.change.value,
        "differs": list(change.differs),
        "was": _state(change.was),
        "now": _state(change.now),
    }


def _state(state: FileState | None) -> Object | None:
    """Without the digest of what a file holds: that of a short secret would tell it."""
    if state is None:
        return None
    names = ("kind", "mode", "uid", "gid", "size", "target", "device")
    short = {name: value for name, value in cast(Object, to_json(state)).items() if name in names}
    return {**short, "mode": f"{state.mode:04o}", "attributes": [name for name, _ in state.xattrs]}
