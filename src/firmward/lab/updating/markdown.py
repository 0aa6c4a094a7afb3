"""The report as a page."""

from collections.abc import Iterable, Iterator

from firmward.audit.markdown import code, text
from firmward.lab.updating import words
from firmward.lab.updating.report import Report


def to_markdown(report: Report) -> str:
    return "\n".join(_lines(report)).rstrip() + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield "# An update in the lab"
    yield ""
    yield f"**{text(words.headline(report))}.**"
    yield ""
    yield from section(report)


def section(report: Report) -> Iterator[str]:
    """All but the title and the headline."""
    setting, offered = report.setting, report.offered
    name = text(f"{setting.product} {setting.version}")
    yield f"- {name} on a virtual {code(setting.board)}, {code(setting.machine)}"
    yield f"- the build whose `build.json` has the SHA-256 {code(setting.build)}, firmward {text(setting.tool)}"
    yield f"- offered: {text(offered.version)} from {setting.way}, {words.size(offered.size)} in all"
    yield f"- on {setting.day}, seed {setting.seed}, cuts: {report.cuts} of {setting.cuts}"
    yield f"- {words.taken(report)}"
    if report.last is not None and report.last.ran is not None:
        served = [str(one.port) for one in report.last.answers if one.answers]
        ports = f", and answers at {', '.join(served)}" if served else ""
        kept = "keeps" if report.last.good else "does not keep"
        yield f"- in the end it runs {report.last.ran.version or 'no whole version'}{ports}; its boot loader {kept} it"
    yield ""
    problems = list(report.problems())
    if problems:
        yield from (f"> {text(said)}  " for said in problems)
        yield ""
    yield from _stretches(report)
    yield from _starts(report)


def _stretches(report: Report) -> Iterator[str]:
    rows = [(one.value, str(cuts), str(new)) for one, cuts, new in words.by_stretch(report)]
    if rows:
        yield from table(("Cut while", "Times", "Next start ran the new version"), rows)


def _starts(report: Report) -> Iterator[str]:
    rows = []
    for one in report.rounds:
        for number, start in enumerate(one.starts, 1):
            rows.append(
                (
                    f"{one.begun.number}.{number}",
                    words.ran(start),
                    words.cut(start) or start.ending.value,
                    f"{start.seconds:.0f} s",
                    words.size(start.taken),
                    words.held(start.slots),
                )
            )
    yield from table(("Round, start", "Slots that ran", "Until", "After", "Taken", "Slots then"), rows)


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for row in (head, ("---",) * len(head), *rows):
        yield f"| {' | '.join(row)} |"
    yield ""
