"""Advisories with what a maker decided of each vulnerability: a check asks these, so that a decision counts in its
findings as it does in every list."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from firmward.facts.advisories import Advisories, Surroundings
from firmward.model.component import Component
from firmward.model.facts import Unknown
from firmward.model.vulnerability import KnownVulnerabilities, urgency
from firmward.vulns.triage import Decision, applied


class DecidedAdvisories(Advisories):
    """What other advisories know, with the `decisions` as they count on the day `today`."""

    def __init__(self, known: Advisories, decisions: Sequence[Decision], today: date) -> None:
        self._known = known
        self._decisions = tuple(decisions)
        self._today = today

    @property
    def places(self) -> tuple[Path, ...]:
        return self._known.places

    def known(self, components: Sequence[Component], surroundings: Surroundings) -> KnownVulnerabilities | Unknown:
        known = self._known.known(components, surroundings)
        if isinstance(known, Unknown):
            return known
        found = applied(known.found, self._decisions, self._today).vulnerabilities
        return replace(known, found=tuple(sorted(found, key=urgency)))
