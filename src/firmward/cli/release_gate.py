"""Whether a release is worse than the one that it follows, by their reports, and who has taken that upon himself.

The words for what is worse are `firmward diff`'s: a finding that came, rose, or is accepted no more, one in sight for
the first time, a check without its verdict, and a link of the chain that holds less. Whatever of it is not accepted,
with a reason and an owner that are signed in, stops the release.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

import typer

from firmward.cli.audit import EXIT_FOUND, EXIT_INCOMPLETE
from firmward.model.errors import InputError, TrustError

if TYPE_CHECKING:
    from firmward.model.report import Report
    from firmward.signing.tuf_repository import Channel, State
    from firmward.update.manifest import Accepted, Manifest

NAME_LIMIT, REASON_LIMIT, OWNER_LIMIT = 256, 512, 128
"""Characters, as a manifest has room for."""


@dataclass(frozen=True, slots=True)
class Worse:
    """`name` is what --accept calls it: `check[key]`, a check, or `chain[link]`."""

    name: str
    words: str


def worse(old: "Report", new: "Report") -> tuple[Worse, ...]:
    """In the order of severity; a finding in several parts once."""
    found = {one.name: one for one in reversed([*_worse(old, new)])}
    return tuple(reversed(found.values()))


def _worse(old: "Report", new: "Report") -> Iterator[Worse]:
    from firmward.audit.difference import difference
    from firmward.audit.difference_record import Direction
    from firmward.model.side import Side

    found = difference(Side(old), Side(new))
    for change in found.findings:
        if change.direction is Direction.WORSE:
            finding = change.finding
            words = f"{finding.severity.value}, {change.changed.value}: {finding.message}"
            yield Worse(f"{finding.check}[{finding.key}]"[:NAME_LIMIT], words)
    for lost in found.lost:
        yield Worse(lost.check, f"{lost.severity.value}, has no verdict any more: {lost.reason or lost.title}")
    for link in found.links:
        if link.direction is Direction.WORSE:
            states = [state.value for state in (link.was, link.now) if state is not None]
            yield Worse(f"chain[{link.link}]", f"{' is '.join(states)} now: {link.why}")


@dataclass(frozen=True, slots=True)
class Answer:
    """Reasons by what they are for, and who answers for them."""

    reasons: dict[str, str]
    owner: str


def answer(words: Sequence[str], owner: str | None) -> Answer:
    """Of --accept and --owner. Raises InputError."""
    told = dict(_pair(word) for word in words)
    if told and not (owner and len(owner) <= OWNER_LIMIT and owner.isprintable()):
        raise InputError(f"--accept needs --owner: who answers for it, in {OWNER_LIMIT} characters at the most")
    return Answer(told, owner or "")


def accepted(
    found: Sequence[Worse], told: Answer, before: "Sequence[Accepted]", new: "Report"
) -> "tuple[Accepted, ...]":
    """What is said of the release for good: what is accepted now, and of what the release before accepted that which is
    still open. Raises InputError for a word that fits nothing."""
    from firmward.update.manifest import Accepted

    names = [one.name for one in found]
    for name in told.reasons:
        if name not in names:
            close = get_close_matches(name, names, n=1)
            hint = f", did you mean {close[0]}?" if close else ""
            raise InputError(f"--accept {name}: is not worse than before{hint}")
    now = tuple(Accepted(name, told.reasons[name], told.owner) for name in names if name in told.reasons)
    still = {f"{finding.check}[{finding.key}]"[:NAME_LIMIT] for finding in new.findings}
    still |= {check.check for check in new.checks} | {f"chain[{link.link}]" for link in new.chain}
    return (*now, *(one for one in before if one.finding in still and one.finding not in told.reasons))


def stop_unless(found: Sequence[Worse], accepted: Collection[str], how: str) -> None:
    """Ends the command with 1 where something is not accepted by its name; `how` says what to do."""
    left = [one for one in found if one.name not in accepted]
    if not left:
        return
    typer.echo(f"firmward: the release is worse than the one that it follows, by {len(left)}:", err=True)
    for one in left:
        typer.echo(f"  {_shown(one.name)}: {_shown(one.words)}", err=True)
    typer.echo(f"firmward: {how}", err=True)
    raise typer.Exit(EXIT_FOUND)


def stop_incomplete(report: "Report") -> None:
    """A report that did not look at everything is no ground to release on."""
    if not report.budget.complete:
        reasons = "; ".join(report.budget.exhausted)
        typer.echo(f"firmward: the build was not wholly looked at, so nothing is released: {_shown(reasons)}", err=True)
        raise typer.Exit(EXIT_INCOMPLETE)


def report_of(state: "State", manifest: "Manifest") -> "Report | None":
    """The report that a release in the repository was made with. None where it was made without. Raises TrustError for
    one that is not what the manifest names."""
    from firmward.audit.json_report import SIZE_LIMIT, load_report
    from firmward.signing.shelf import Digest, digest_of
    from firmward.signing.tuf_repository import BLOBS

    blob = next((one.blob for one in manifest.documents if one.kind == "report"), None)
    if blob is None:
        return None
    place = f"{BLOBS}/{blob.sha256}"
    content = state.shelf.content(place, SIZE_LIMIT)
    if digest_of(content) != Digest(blob.size, blob.sha256):
        raise TrustError(f"{state.shelf.folder / place}: is not the report of {manifest.version}")
    return load_report(content.decode("utf-8", "replace"), f"the report of {manifest.version}")


def check_promoted(state: "State", source: "Channel", to: "Channel", board: str) -> None:
    """Whether the release is accepted against what the other channel gives now. Ends the command with 1 where not."""
    new = state.manifest(source.path(board), state.of_channel(source).signed)
    old = state.manifest(to.path(board), state.of_channel(to).signed)
    if new is None or old is None:
        return
    reports = report_of(state, old), report_of(state, new)
    if reports[0] is None or reports[1] is None:
        raise InputError(f"{board}: a release without its report cannot be held against another; make it anew")
    how = (
        f"its manifest does not accept that; have it accepted in a release made for {to.name}: firmward release new "
        f"OUT --channel {to.name} --accept FINDING=REASON --owner WHO"
    )
    stop_unless(worse(reports[0], reports[1]), {one.finding for one in new.accepted}, how)


def _pair(word: str) -> tuple[str, str]:
    name, found, reason = word.rpartition("=") if word.count("=") == 1 else _split(word)
    if not found or not name.strip() or not reason.strip() or len(reason) > REASON_LIMIT or not reason.isprintable():
        raise InputError(f"--accept {word[:80]}: expected FINDING=REASON, the reason in one line of {REASON_LIMIT}")
    return name, reason


def _split(word: str) -> tuple[str, str, str]:
    """A key may have an equals sign in it, within its brackets."""
    end = word.find("]=")
    return (word[: end + 1], "=", word[end + 2 :]) if end >= 0 else word.partition("=")


def _shown(text: str) -> str:
    from firmward.cli.inside import shown

    return shown(text)
