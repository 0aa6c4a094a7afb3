"""Base scores of CVSS, worked out from a vector where a record brings the vector alone.

Version 2 (first.org/cvss/v2/guide, 3.2.1) and versions 3.0 and 3.1 (first.org/cvss/v3.1/specification-document, 7.1 and
appendix A, for rounding) by their equations. Version 4 has a table of experts' judgements instead of an equation: its
scores come with its vectors, and without one there is none.
"""

from collections.abc import Mapping, Sequence

from firmward.model.finding import Severity
from firmward.model.vulnerability import Score

_ATTACK = {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2}
_COMPLEXITY = {"L": 0.77, "H": 0.44}
_PRIVILEGES = {"N": 0.85, "L": 0.62, "H": 0.27}
_PRIVILEGES_CHANGED = {"N": 0.85, "L": 0.68, "H": 0.5}
_INTERACTION = {"N": 0.85, "R": 0.62}
_IMPACT = {"N": 0.0, "L": 0.22, "H": 0.56}
_ACCESS_2 = {"L": 0.395, "A": 0.646, "N": 1.0}
_COMPLEXITY_2 = {"H": 0.35, "M": 0.61, "L": 0.71}
_AUTHENTICATION_2 = {"M": 0.45, "S": 0.56, "N": 0.704}
_IMPACT_2 = {"N": 0.0, "P": 0.275, "C": 0.66}
VERSIONS = ("CVSS:4.0/", "CVSS:3.1/", "CVSS:3.0/")
"""The newest first: what an assessor gives by several is best judged by the newest."""
LENGTH = 400


def base_score(vector: str) -> float | None:
    """None for a vector of another version, and for one that lacks a metric."""
    if len(vector) > LENGTH:
        return None
    metrics = dict(part.split(":", 1) for part in vector.strip("()").split("/") if ":" in part)
    try:
        if metrics.get("CVSS", "").startswith("3."):
            return _third(metrics)
        return _second(metrics) if "CVSS" not in metrics else None
    except KeyError:
        return None


def best(scores: Sequence[Score]) -> Score | None:
    """The score of the newest version; among those the highest. One that is missing is worked out."""
    known = [known for known in map(_complete, scores) if known.score > 0]
    return max(known, key=lambda one: (-_age(one.vector), one.score), default=None)


def severity(score: float) -> Severity:
    """The rating of a score (specification 3.1, 5)."""
    if score >= 9:
        return Severity.CRITICAL
    if score >= 7:
        return Severity.HIGH
    return Severity.MEDIUM if score >= 4 else Severity.LOW


def _complete(one: Score) -> Score:
    return one if one.score > 0 else Score(one.vector, base_score(one.vector) or 0.0, one.by)


def _age(vector: str) -> int:
    return next((age for age, prefix in enumerate(VERSIONS) if vector.startswith(prefix)), len(VERSIONS))


def _third(metrics: Mapping[str, str]) -> float:
    changed = {"U": False, "C": True}[metrics["S"]]
    lost = 1 - (1 - _IMPACT[metrics["C"]]) * (1 - _IMPACT[metrics["I"]]) * (1 - _IMPACT[metrics["A"]])
    impact = 7.52 * (lost - 0.029) - 3.25 * (lost - 0.02) ** 15 if changed else 6.42 * lost
    privileges = (_PRIVILEGES_CHANGED if changed else _PRIVILEGES)[metrics["PR"]]
    reach = 8.22 * _ATTACK[metrics["AV"]] * _COMPLEXITY[metrics["AC"]] * privileges * _INTERACTION[metrics["UI"]]
    if impact <= 0:
        return 0.0
    return _rounded_up(min((1.08 if changed else 1.0) * (impact + reach), 10.0))


def _rounded_up(value: float) -> float:
    """To one decimal, by whole numbers, so that 4.02 does not become 4.1 through 4.0200000001."""
    whole = round(value * 100_000)
    return whole / 100_000 if whole % 10_000 == 0 else (whole // 10_000 + 1) / 10


def _second(metrics: Mapping[str, str]) -> float:
    lost = 1 - (1 - _IMPACT_2[metrics["C"]]) * (1 - _IMPACT_2[metrics["I"]]) * (1 - _IMPACT_2[metrics["A"]])
    impact = 10.41 * lost
    reach = 20 * _ACCESS_2[metrics["AV"]] * _COMPLEXITY_2[metrics["AC"]] * _AUTHENTICATION_2[metrics["Au"]]
    return round(((0.6 * impact) + (0.4 * reach) - 1.5) * (0.0 if impact == 0 else 1.176), 1)
