"""A difference for a pull request: which way it went, what got worse in a table, the rest folded away."""

from collections.abc import Iterable, Iterator, Sequence

from firmward.audit import difference_words as words
from firmward.audit.difference_record import Difference, Direction, FindingChange
from firmward.audit.difference_words import SERVICES, SOCKETS, Mood
from firmward.audit.markdown import DOTS, code, text
from firmward.audit.summary import plural
from firmward.audit.tree_difference import WORDS, FileChange, TreeDifference

SIGNS = {Mood.WORSE: "❌", Mood.BETTER: "✅", Mood.SAME: "➖", Mood.BLIND: "❔"}
ROWS = 100
"""Rows of one table; the JSON has them all."""
PATHS = 8


def render_difference_markdown(difference: Difference) -> str:
    return "\n".join(_lines(difference)).rstrip() + "\n"


def _lines(difference: Difference) -> Iterator[str]:
    yield f"## {SIGNS[words.mood(difference)]} {text(words.headline(difference))}"
    yield ""
    yield f"{code(words.about(difference.old))} → {code(words.about(difference.new))}"
    yield ""
    yield text(words.standing(difference))
    yield ""
    for note in difference.notes:
        yield f"> {text(note)}"
        yield ""
    yield from _findings("Worse", [change for change in difference.findings if change.direction is Direction.WORSE])
    yield from _lost(difference)
    yield from _chain(difference)
    yield from _facts(difference)
    yield from _files(difference)
    yield from _findings("Better", [change for change in difference.findings if change.direction is Direction.BETTER])
    rest = [change for change in difference.findings if change.direction is Direction.NEUTRAL]
    yield from _folded(plural(len(rest), "other finding") + " changed", _table(rest), bool(rest))
    yield from _checks(difference)
    yield from _parts(difference)


def _chain(difference: Difference) -> Iterator[str]:
    if difference.links:
        yield f"### Chain of trust: {plural(len(difference.links), 'link')}"
        yield ""
    for change in difference.links:
        name, what = words.link_words(change)
        yield f"- **{text(name)}** {text(what)}"
    if difference.links:
        yield ""


def _findings(title: str, changes: Sequence[FindingChange]) -> Iterator[str]:
    if changes:
        yield f"### {title}: {plural(len(changes), 'finding')}"
        yield ""
        yield from _table(changes)


def _table(changes: Sequence[FindingChange]) -> Iterator[str]:
    yield "| | What | Finding | Where |"
    yield "| --- | --- | --- | --- |"
    for change in changes[:ROWS]:
        found = change.finding
        where = str(found.at or "")
        said = f"{text(found.message)}<br>{code(found.check)}"
        yield f"| {DOTS[found.severity]} | {words.finding_words(change)} | {said} | {code(where) if where else ''} |"
    yield ""
    if len(changes) > ROWS:
        yield f"{len(changes) - ROWS} more are in the JSON."
        yield ""


def _lost(difference: Difference) -> Iterator[str]:
    if not difference.lost:
        return
    yield f"### {plural(len(difference.lost), 'verdict')} lost"
    yield ""
    yield from _some(f"- {code(change.check)} {text(words.check_words(change))}" for change in difference.lost)
    yield ""


def _facts(difference: Difference) -> Iterator[str]:
    for family, title in ((SERVICES, "What starts"), (SOCKETS, "Sockets")):
        said = [words.fact_words(change) for change in difference.facts if change.drift.family == family]
        if said:
            yield f"### {title}"
            yield ""
            yield from _some(f"- **{verb}** {code(what)}" for verb, what in said)
            yield ""
    for one in difference.blind:
        yield f"- {text(words.blind_words(one))}"
        yield ""


def _files(difference: Difference) -> Iterator[str]:
    for tree in difference.differing_trees:
        yield f"### Files in {code(tree.new)}"
        yield ""
        yield text(words.tree_words(tree)) + "."
        yield ""
        yield from _notable(tree)
        if tree.listed:
            yield from _folded("All files", [*map(_file, tree.changes), ""], bool(tree.changes))
        else:
            rows = [
                f"| {code('/' + folder.path)} | {folder.added} | {folder.removed} | {folder.changed} |"
                for folder in tree.folders
            ]
            head = ["| Folder | Added | Removed | Changed |", "| --- | --: | --: | --: |"]
            yield from _folded("By folder", [*head, *rows, ""], bool(rows))


def _file(change: FileChange) -> str:
    said = text(words.file_words(change))
    return f"- {words.CHANGE_WORDS[change.change]} {code('/' + change.path)} {said}".rstrip()


def _notable(tree: TreeDifference) -> Iterator[str]:
    if not tree.notable:
        return
    yield "| Look at | | Files |"
    yield "| --- | --- | --- |"
    for noted in tree.notable[:ROWS]:
        paths = "<br>".join(code("/" + path) for path in noted.paths[:PATHS])
        more = noted.count - min(PATHS, len(noted.paths))
        yield f"| {WORDS[noted.kind]} | {text(noted.detail)} | {paths}{f'<br>and {more} more' if more else ''} |"
    yield ""


def _checks(difference: Difference) -> Iterator[str]:
    groups = words.turned(difference)
    rows = [f"- {turn}: {', '.join(map(code, checks))}" for turn, checks in groups]
    amount = sum(len(checks) for _, checks in groups)
    yield from _folded(f"{plural(amount, 'check')} with another outcome", [*rows, ""], bool(rows))


def _parts(difference: Difference) -> Iterator[str]:
    said = [words.part_words(change) for change in difference.parts]
    rows = [f"- {verb} {code(what)}" for verb, what in said]
    yield from _folded(f"{plural(len(said), 'part')} changed", [*_some(rows), ""], bool(said))


def _some(rows: Iterable[str]) -> Iterator[str]:
    known = list(rows)
    yield from known[:ROWS]
    if len(known) > ROWS:
        yield f"- and {len(known) - ROWS} more, in the JSON"


def _folded(title: str, rows: Iterable[str], wanted: bool) -> Iterator[str]:
    if not wanted:
        return
    yield f"<details><summary>{title}</summary>"
    yield ""
    yield from rows
    yield "</details>"
    yield ""
