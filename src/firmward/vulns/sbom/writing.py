"""What all written documents have in common: names that are unique, texts that can be written, a number made of the
content, and the day as a time.

The same report on the same day gives the same bytes: no clock, no chance, no order of a set.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid5

from firmward.model.component import Component
from firmward.model.report import Part, Report

TOOL = "firmward"
NAMESPACE = UUID("5d2c1a4e-7c64-5b5a-9f3e-3b1f0f6f3b0a")
"""Under which the numbers of documents are made: drawn once, and kept."""

TEXT_LIMIT = 1000
"""Characters of one text; CycloneDX takes 1,024 of a version."""
FILES_LIMIT = 100
"""Files of a component that are named; how many more there are is said."""

_UNWRITABLE = frozenset({"Cc", "Cf", "Cs", "Cn"})
_BLANKS = re.compile(r"\s+")

JsonObject = dict[str, object]


def written(text: str, limit: int = TEXT_LIMIT) -> str:
    """A text in one line that every reader takes: what has no sign of its own becomes a question mark."""
    text = _BLANKS.sub(" ", text[:limit])
    if text.isascii() and text.isprintable():
        return text.strip()
    return "".join("?" if unicodedata.category(sign) in _UNWRITABLE else sign for sign in text).strip()


def moment(day: date) -> str:
    """A day as a time, since these formats know no days."""
    return f"{day.isoformat()}T00:00:00Z"


def number(kind: str, document: JsonObject) -> UUID:
    """The number of a document, from what is in it."""
    return uuid5(NAMESPACE, f"{kind}\n{json.dumps(document, sort_keys=True)}")


def rendered(document: JsonObject) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def subject_name(report: Report) -> str:
    return written(report.product or report.subject.name) or "firmware"


def sha256(digest: str | None) -> str | None:
    """The hexadecimal digits of a digest, where it is one of SHA-256."""
    found = re.fullmatch(r"(?:sha256:)?([0-9a-fA-F]{64})", digest or "")
    return found[1].lower() if found else None


@dataclass(frozen=True, slots=True)
class Listed:
    """A `component` in a document, under a `ref` that no other there has."""

    component: Component
    ref: str


@dataclass(frozen=True, slots=True)
class Listing:
    """All components in the order of the report. `by_ref` finds one by what the report calls it: the first, where two
    are called alike."""

    listed: tuple[Listed, ...]
    by_ref: Mapping[str, Listed]

    def needs(self, one: Listed) -> Iterator[str]:
        """The refs of what it depends on, each once, without itself and without what is not there."""
        found = (self.by_ref[ref].ref for ref in one.component.depends if ref in self.by_ref)
        yield from dict.fromkeys(ref for ref in found if ref != one.ref)


def listing(components: Sequence[Component]) -> Listing:
    alike: Counter[str] = Counter()
    listed: list[Listed] = []
    by_ref: dict[str, Listed] = {}
    taken: set[str] = set()
    for component in components:
        ref = plain = _plain_ref(component)
        while ref in taken:
            alike[plain] += 1
            ref = f"{plain}~{alike[plain] + 1}"
        taken.add(ref)
        listed.append(Listed(component, ref))
        by_ref.setdefault(component.ref, listed[-1])
    return Listing(tuple(listed), by_ref)


def _plain_ref(component: Component) -> str:
    return written(component.ref) or "component"


def holding(report: Report) -> tuple[Part, ...]:
    """The parts that hold components, as the report has them; what is the input itself is no part of it."""
    held = {component.part for component in report.components}
    return tuple(part for part in report.parts if part.id in held and part.parent is not None)
