"""What is said of one vulnerability in one product, whatever format it stands in.

Each format has words of its own. What it cannot say is put into its free text, with the word of CycloneDX in front
(`[requires_configuration] …`), so that nothing is lost on the way and reading finds it again.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from firmward.model.component import Component
from firmward.model.errors import InputError
from firmward.model.report import Report
from firmward.model.vulnerability import Justification, Vex, VexState, Vulnerability
from firmward.vulns import identity
from firmward.vulns.sbom.writing import written

STATEMENTS_LIMIT = 200_000
"""Statements that are taken from one document: of each vulnerability for each product."""
UNDECIDED = Vex(VexState.IN_TRIAGE)


@dataclass(frozen=True, slots=True)
class Named:
    """What a statement is on: its `name` and `version`, and its `purl` and `cpe`, each empty where it is not said."""

    name: str = ""
    version: str = ""
    purl: str = ""
    cpe: str = ""

    @property
    def package(self) -> str:
        """What stays the same when it gets a new version."""
        return identity.package(self.purl, self.name)

    @property
    def any_version(self) -> str:
        """The version, wherever it is said."""
        found = identity.purl_of(self.purl)
        return self.version or (found.version or "" if found else "") or identity.cpe_words(self.cpe)[2]


@dataclass(frozen=True, slots=True)
class Statement:
    """That the `vulnerability`, also known by `aliases`, has this `vex` in the `product`. An empty product is the whole
    of what the document is on."""

    vulnerability: str
    product: Named
    vex: Vex
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Statements:
    """All that a document in this `format` says; `notes` say what of it was not taken."""

    format: str
    found: tuple[Statement, ...]
    notes: tuple[str, ...] = ()


def check_count(count: int, place: str) -> None:
    if count > STATEMENTS_LIMIT:
        raise InputError(f"{place}: has more than {STATEMENTS_LIMIT} statements")


@dataclass(frozen=True, slots=True)
class Decided:
    """A `vulnerability` of a report with the `component` it is in, None where the report has none such, and the
    decision that counts: one that needs a review is none, and its words say why."""

    vulnerability: Vulnerability
    component: Component | None
    vex: Vex

    @property
    def id(self) -> str:
        """What the vulnerability is called, as it can be written."""
        return written(self.vulnerability.id) or "unnamed"

    @property
    def named(self) -> Named:
        """What the statement is on."""
        component = self.component
        if component is None:
            return Named(self.vulnerability.name, self.vulnerability.version)
        cpe = next(filter(identity.is_cpe, component.cpes), "")
        purl = identity.purl_of(component.purl)
        return Named(component.name, component.version, purl.to_string() if purl else "", cpe)


def decided(report: Report) -> Iterator[Decided]:
    """All vulnerabilities of a report, in its order."""
    known: dict[str, Component] = {}
    for component in report.components:
        known.setdefault(component.ref, component)
    for one in report.vulnerabilities:
        yield Decided(one, known.get(one.component), in_force(one.vex))


def in_force(vex: Vex | None) -> Vex:
    if vex is None:
        return UNDECIDED
    if vex.needs_review:
        return Vex(VexState.IN_TRIAGE, detail=f"Needs a review: {vex.needs_review}. {vex.detail}".strip(), by=vex.by)
    return vex


MARK = re.compile(r"\[([a-z_]{1,40})\]\s*")


def marked(word: str, text: str) -> str:
    """A text with the word that the format has no other place for."""
    return f"[{word}] {written(text)}".strip()


def unmarked(text: str) -> tuple[str, str]:
    """The word in front of a text, and the text; no word where none is there."""
    match = MARK.match(text)
    return (match[1], text[match.end() :]) if match else ("", text)


BY = "Decided by "


def signed(text: str, by: str) -> str:
    """A text with who decided, where the format has no place for that."""
    return f"{text}\n{BY}{written(by)}".lstrip() if by else text


def unsigned(text: str) -> tuple[str, str]:
    """The text, and who decided."""
    before, mark, by = text.rpartition(BY)
    return (before.strip(), by.strip()) if mark and (not before or before.endswith("\n")) else (text.strip(), "")


def day(text: str) -> date | None:
    """The day of a time; None for what is none."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def justification(word: str) -> Justification | None:
    return Justification(word) if word in set(Justification) else None


def state(word: str) -> VexState | None:
    return VexState(word) if word in set(VexState) else None
