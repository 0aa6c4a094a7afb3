"""Decisions on vulnerabilities that outlive a build: `triage.toml`, beside device.toml.

A decision is on one vulnerability of one package, made for one version of it. It counts as long as that is so: another
version, other source files in the vulnerability's record, or a day that has passed turn it into one that needs a
review, and nothing is lost. What a decision is on and no build has any more is stale, told, and kept.

The file is for a repository: a table for each decision, sorted, so that a change is a few lines of a diff.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from firmward.model.decode import decode
from firmward.model.errors import InputError
from firmward.model.vulnerability import Justification, Vex, VexState, Vulnerability
from firmward.vulns import identity

SCHEMA = 1
NAME = "triage.toml"
SIZE_LIMIT = 16 << 20
DOTTED = re.compile(r"""(?m)^[ \t]*[\w"'-]{1,200}[ \t]*\.""")
DOTTED_LIMIT = 100
"""Keys with a dot, of which a triage has none: a parser takes a time that grows with their square."""
"""Bytes; a decision is about 300."""

HEAD = """\
# Decisions on vulnerabilities. `firmward vulns triage` writes this file; it may be edited by hand.
"""
STATES = tuple(state.value for state in VexState)
JUSTIFICATIONS = tuple(reason.value for reason in Justification)


def _one_of(choices: tuple[str, ...], default: str | None = None) -> Any:
    return field(default=default, metadata={"choices": choices})


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided of the vulnerability `id` in a `component`: its package URL without a version, or its name, in
    the `version` that it was decided for.

    `state` and `justification` are CycloneDX' words, `detail` the reason, `owner` who answers for it, since the day
    `decided` and until `expires`, if it does. `files` stands for the source files that the record named then.
    """

    id: str
    component: str
    version: str = ""
    state: str = _one_of(STATES, VexState.IN_TRIAGE.value)
    justification: str | None = _one_of(JUSTIFICATIONS)
    detail: str = ""
    owner: str = ""
    decided: date | None = None
    expires: date | None = None
    files: str = ""

    @property
    def about(self) -> tuple[str, str]:
        return self.id, self.component

    @property
    def vex(self) -> Vex:
        reason = None if self.justification is None else Justification(self.justification)
        return Vex(VexState(self.state), reason, self.detail, self.owner, self.decided)


@dataclass(frozen=True, slots=True)
class _File:
    """A `schema` of 1, and a table for each `decision`."""

    schema: int = SCHEMA
    decision: tuple[Decision, ...] = ()


@dataclass(frozen=True, slots=True)
class Applied:
    """The vulnerabilities with what was decided of them. `stale` are decisions on what is not there any more, `review`
    those that need one; both in words."""

    vulnerabilities: tuple[Vulnerability, ...]
    stale: tuple[str, ...] = ()
    review: tuple[str, ...] = ()


def parse_triage(text: str, name: str = NAME) -> tuple[Decision, ...]:
    """Raises InputError with the place."""
    if len(text) > SIZE_LIMIT:
        raise InputError(f"{name}: larger than {SIZE_LIMIT >> 20} MiB")
    if len(DOTTED.findall(text)) > DOTTED_LIMIT:
        raise InputError(f"{name}: has keys with dots, which no triage has")
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise InputError(f"{name}: {error}"[:300]) from error
    try:
        found = decode(_File, table, "")
    except InputError as error:
        raise InputError(f"{name}: {error}") from error
    if found.schema != SCHEMA:
        raise InputError(f"{name}: schema {found.schema} is of another firmward; this one reads {SCHEMA}")
    for number, one in enumerate(found.decision, 1):
        check(one, f"{name}: decision[{number}]")
    return found.decision


def check(decision: Decision, place: str) -> None:
    """Raises InputError for a decision that says nothing, or contradicts itself."""
    if not decision.id or not decision.component:
        raise InputError(f"{place}: names no {'component' if decision.id else 'vulnerability'}")
    if decision.justification and decision.state != VexState.NOT_AFFECTED.value:
        raise InputError(f"{place}.justification: goes with not_affected, and the state is {decision.state}")
    if decision.expires and decision.decided and decision.expires < decision.decided:
        raise InputError(f"{place}.expires: is before the day of the decision")


def render_triage(decisions: Iterable[Decision]) -> str:
    """The file, sorted, every decision once."""
    ordered = sorted(set(decisions), key=lambda one: (*one.about, one.version, repr(one)))
    return HEAD + f"schema = {SCHEMA}\n" + "".join(f"\n[[decision]]\n{_table(one)}" for one in ordered)


def _table(decision: Decision) -> str:
    values = (
        ("id", decision.id),
        ("component", decision.component),
        ("version", decision.version),
        ("state", decision.state),
        ("justification", decision.justification),
        ("detail", decision.detail),
        ("owner", decision.owner),
        ("decided", decision.decided),
        ("expires", decision.expires),
        ("files", decision.files),
    )
    return "".join(f"{name} = {_toml(value)}\n" for name, value in values if value)


_ESCAPED = re.compile(r'["\\\x00-\x1f\x7f]')


def _toml(value: str | date) -> str:
    """A basic string, or a local date (TOML 1.0)."""
    if isinstance(value, date):
        return value.isoformat()
    known = value.encode("utf-8", "replace").decode("utf-8")
    return '"' + _ESCAPED.sub(lambda sign: _escape(sign[0]), known) + '"'


def _escape(sign: str) -> str:
    return {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}.get(sign, f"\\u{ord(sign):04x}")


def about(one: Vulnerability) -> tuple[str, str]:
    """What a decision on it names."""
    return one.id, identity.packaged(one.component, one.name)


def fingerprint(files: Sequence[str]) -> str:
    """What stands for a set of source files; empty for none."""
    return hashlib.sha256("\n".join(sorted(set(files))).encode("utf-8", "replace")).hexdigest()[:16] if files else ""


def applied(vulnerabilities: Sequence[Vulnerability], decisions: Sequence[Decision], today: date) -> Applied:
    """What was decided before, on what is found now. A decision that a part of this program made (that something is not
    built) stands where no person's does."""
    by_about: dict[tuple[str, str], list[Decision]] = {}
    for one in decisions:
        by_about.setdefault(one.about, []).append(one)
    found = tuple(_with_decision(one, by_about, today) for one in vulnerabilities)
    there = {name for one in vulnerabilities for name in _names(one)}
    stale = tuple(f"{one.id} in {one.component}" for one in decisions if one.about not in there)
    review = dict.fromkeys(
        f"{one.id} in {one.name}: {one.vex.needs_review}" for one in found if one.vex and one.vex.needs_review
    )
    return Applied(found, stale, tuple(review))


def _names(one: Vulnerability) -> list[tuple[str, str]]:
    """What decisions may call it: an id that it has elsewhere is as good."""
    id_, component = about(one)
    return [(name, component) for name in dict.fromkeys((id_, *one.aliases))]


def _with_decision(
    one: Vulnerability, by_about: Mapping[tuple[str, str], Sequence[Decision]], today: date
) -> Vulnerability:
    made = [decision for name in _names(one) for decision in by_about.get(name, ())]
    if not made:
        return one
    judged = [(doubt(decision, one, today), decision) for decision in made]
    why, decision = min(judged, key=lambda pair: (bool(pair[0]), pair[1].version != one.version))
    if why and one.vex is not None and not one.vex.needs_review:
        return one
    return replace(one, vex=replace(decision.vex, needs_review=why))


def doubt(decision: Decision, one: Vulnerability, today: date) -> str:
    """Why a decision does not count for this vulnerability any more; empty where it does."""
    if decision.version != one.version:
        return f"it was decided for version {decision.version or 'unknown'}, and this is {one.version or 'unknown'}"
    if decision.expires is not None and today > decision.expires:
        return f"it was decided until {decision.expires.isoformat()}"
    if decision.files and decision.files != fingerprint(one.files):
        return "the record names other source files than it did"
    return ""


def is_open(one: Vulnerability) -> bool:
    """Whether somebody still has to decide."""
    return one.vex is None or bool(one.vex.needs_review) or one.vex.state is VexState.IN_TRIAGE


def decide(decisions: Sequence[Decision], new: Decision, others: Iterable[str] = ()) -> tuple[Decision, ...]:
    """The decisions with a new one in place of those on the same. `others` are further versions of the component that
    are there: what was decided for them stays."""
    kept = set(others) - {new.version}
    return (*(one for one in decisions if one.about != new.about or one.version in kept), new)
