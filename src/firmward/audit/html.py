"""The report as one HTML file that needs nothing else: to show, to search, to print, to keep.

The page reads well without its script, which only filters. Its content policy admits the page's own style and script by
their digests and nothing from anywhere, so that even a name that got past the escaping could load or run nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from firmward.audit import chain_words, kernel, layout, life, life_chart, page, summary, supply_words
from firmward.audit.baseline import standing_words
from firmward.model.finding import Outcome, Severity
from firmward.model.kernel_standing import KernelStanding
from firmward.model.remedy_words import spoken
from firmward.model.report import CheckResult, Part, Report, ReportedFinding

PACKAGE = "firmward.audit"
"""Whose templates they are."""
VULNERABILITIES_OPEN, VULNERABILITIES_SHOWN, COMPONENTS_SHOWN = 12, 300, 1000
"""Rows of the page; the JSON report has them all."""
OPEN_AT_ONCE = 6
"""Findings of one check that are shown before the others are folded away."""
PIXELS, LETTER = 10.0, 7.2
"""Of one percent of a map and of one letter in it, about."""
DIGEST_SHOWN = len("sha256:") + 12


@dataclass(frozen=True, slots=True)
class Group:
    """The findings of one check at one severity."""

    check: str
    title: str
    area: str
    severity: Severity
    practice: tuple[str, ...]
    cwe: int | None
    paragraphs: tuple[str, ...]
    findings: tuple[ReportedFinding, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """A piece of a bar, in percent."""

    name: str
    count: int
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Cell:
    """A rectangle of a map: `x` and `width` in percent of the map, `level` from the top. It is a part, or (without) a
    run that was never written, which `name` then says."""

    name: str
    about: str
    look: str
    x: float
    width: float
    level: int
    part: Part | None = None

    @property
    def is_named(self) -> bool:
        """Whether the name fits, on a page as wide as on a desk."""
        return self.part is not None and self.width * PIXELS > len(self.name) * LETTER + 8


@dataclass(frozen=True, slots=True)
class LayoutMap:
    """A medium drawn to scale."""

    title: str
    cells: tuple[Cell, ...]
    levels: int
    ticks: tuple[tuple[float, str], ...]
    """Percent and size, along the lower edge."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A part with what it holds."""

    part: Part
    name: str
    children: tuple["Branch", ...]


def render_html(report: Report) -> str:
    from jinja2 import BaseLoader, Environment

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, loader=BaseLoader())
    environment.filters["size"] = size
    environment.filters["change"] = spoken
    environment.filters["ticks"] = ticks
    environment.filters["short"] = short
    template = environment.from_string(page.text(PACKAGE, "report.html.j2"))
    style, script = page.text(PACKAGE, "report.css"), page.text(PACKAGE, "report.js")
    return template.render(
        report=report,
        summary=summary,
        chain_words=chain_words,
        life=life,
        kernel=kernel,
        kernel_bars=[(standing, kernel_bars(standing)) for standing in report.kernels],
        kernel_answers=kernel.answers(report),
        supply_words=supply_words,
        vulnerabilities_open=VULNERABILITIES_OPEN,
        vulnerabilities_shown=VULNERABILITIES_SHOWN,
        components_shown=COMPONENTS_SHOWN,
        life_chart=None if report.life is None else life_chart.chart(report.life),
        standing_words=standing_words,
        style=style,
        script=script,
        policy=page.content_policy(style, script),
        names=summary.part_names(report),
        standings=[(standing, area_bars(standing)) for standing in summary.standings(report)],
        coverage_bars=coverage_bars(report.checks),
        severities=summary.severities(summary.open_findings(report)),
        groups=groups(report),
        tree=tree(report.parts),
        maps=(maps := layout_maps(report.parts)),
        legend=legend(maps),
        anchors={part.id: f"p-{number}" for number, part in enumerate(report.parts, 1)},
        layout=layout,
        severity_names=list(Severity),
        digest_shown=DIGEST_SHOWN,
        open_at_once=OPEN_AT_ONCE,
    )


def groups(report: Report) -> tuple[Group, ...]:
    """Findings as they are shown: the worst first, those of one check together."""
    docs = {check.check: tuple(check.doc.split("\n\n")) if check.doc else () for check in report.checks}
    found = []
    for _, several in groupby(report.findings, key=lambda finding: (finding.severity, finding.area, finding.check)):
        findings = tuple(several)
        first = findings[0]
        found.append(
            Group(
                first.check,
                first.title,
                first.area,
                first.severity,
                first.practice,
                first.cwe,
                docs.get(first.check, ()),
                findings,
            )
        )
    return tuple(found)


def coverage_bars(checks: Sequence[CheckResult]) -> tuple[Bar, ...]:
    counts = {outcome: sum(1 for check in checks if check.outcome is outcome) for outcome in Outcome}
    unknown = counts[Outcome.UNKNOWN] + counts[Outcome.ERROR]
    rows = (("failed", counts[Outcome.FAIL]), ("passed", counts[Outcome.PASS]))
    return _bars((*rows, ("not applicable", counts[Outcome.NOT_APPLICABLE]), ("unknown", unknown)))


def area_bars(standing: summary.Standing) -> tuple[Bar, ...]:
    rows = (("failed", standing.failed), ("passed", standing.passed))
    return _bars((*rows, ("not applicable", standing.not_applicable), ("unknown", standing.unknown)))


def kernel_bars(standing: KernelStanding) -> tuple[Bar, ...]:
    rows = [("as wanted", standing.as_wanted), ("left out", standing.left_out)]
    rows += [(severity.value, getattr(standing, severity.value)) for severity in kernel.SEVERITIES]
    return _bars((*rows, ("unknown", standing.unknown)))


def _bars(rows: Iterable[tuple[str, int]]) -> tuple[Bar, ...]:
    counted = [row for row in rows if row[1]]
    total = sum(count for _, count in counted)
    bars = []
    start = 0.0
    for name, count in counted:
        width = 100 * count / total
        bars.append(Bar(name, count, round(start, 3), round(width, 3)))
        start += width
    return tuple(bars)


def layout_maps(parts: Sequence[Part]) -> tuple[LayoutMap, ...]:
    """The media of an image, each followed by enlarged pieces where parts are too small to be seen."""
    return tuple(
        _layout_map(one) for medium in layout.media(parts) for one in (medium, *layout.enlarged(medium)) if one.size
    )


LOOKS = {
    "root": "root file system",
    "initramfs": "initramfs",
    "boot": "boot files",
    "data": "data",
    "kernel": "kernel",
    "kernel-config": "kernel configuration",
    "device-tree": "device tree",
    "boot-loader": "boot loader",
    "other": "holds others, or nothing told",
    "unknown": "unknown bytes",
    "unread": "not read, or random bytes",
    "zero": "zeros",
    "erased": "erased (0xff)",
}


def legend(maps: Sequence[LayoutMap]) -> tuple[tuple[str, str], ...]:
    """The looks that are seen in the maps, with what they mean."""
    seen = {word for one in maps for cell in one.cells for word in cell.look.split()}
    return tuple((look, words) for look, words in LOOKS.items() if look in seen)


def _layout_map(medium: layout.Medium) -> LayoutMap:
    parts = [
        Cell(
            box.part.id.rpartition("/")[2] if box.part.parent else box.part.id,
            f"{layout.describe(box.part)}, {size(box.size)} at {box.start:#x}",
            layout.look(box.part) + (" unread" if layout.is_unread(box.part) else ""),
            *_span(medium, box.start, box.size),
            box.level,
            box.part,
        )
        for box in medium.boxes
    ]
    blanks = [
        Cell(
            layout.FILL_WORDS[blank.fill],
            f"never written, {size(blank.size)} at {blank.offset:#x}",
            blank.fill.value,
            *_span(medium, blank.offset, blank.size),
            _level(medium, blank.offset),
        )
        for blank in medium.blanks
    ]
    where = medium.part.id if medium.part.parent else "the image"
    title = f"Map of {where}, {size(medium.size)}"
    if medium.enlarged:
        title = f"Enlarged from {where}: {size(medium.size)} at {medium.start:#x}"
    if medium.left_out:
        title += f", without {summary.plural(medium.left_out, 'small part')}"
    marks = tuple((25.0 * step, _offset(medium.start + medium.size * step // 4)) for step in range(5))
    return LayoutMap(title, (*parts, *blanks), medium.levels, marks)


def _span(medium: layout.Medium, start: int, length: int) -> tuple[float, float]:
    begin = max(start, medium.start)
    end = min(start + length, medium.start + medium.size)
    return round(100 * (begin - medium.start) / medium.size, 3), round(100 * max(end - begin, 0) / medium.size, 3)


def _level(medium: layout.Medium, place: int) -> int:
    """The row of a run that was never written: beside the parts of the one that it lies in, or on that one if it has
    none."""
    around = [box for box in medium.boxes if box.start <= place < box.end]
    if not around:
        return 0
    holder = max(around, key=lambda box: box.level)
    holds = any(box.level > holder.level and holder.start <= box.start < holder.end for box in medium.boxes)
    return holder.level + 1 if holds else holder.level


def _offset(count: int) -> str:
    return "0" if count == 0 else size(count)


def tree(parts: Sequence[Part]) -> tuple[Branch, ...]:
    """Parts under the parts that hold them; one whose id does not lead through a listed part stands at the top."""
    known = {part.id for part in parts}
    children: dict[str | None, list[Part]] = {}
    for part in parts:
        held = part.parent in known and part.id.startswith(f"{part.parent}/")
        children.setdefault(part.parent if held else None, []).append(part)
    return _branches(None, children)


def _branches(parent: str | None, children: dict[str | None, list[Part]]) -> tuple[Branch, ...]:
    return tuple(
        Branch(part, part.id.removeprefix(f"{parent}/"), _branches(part.id, children))
        for part in children.get(parent, ())
    )


def size(count: int) -> str:
    """Bytes as people say them."""
    amount = float(count)
    for unit in ("bytes", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "bytes" or amount >= 100 else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GiB"


def ticks(text: str) -> list[tuple[bool, str]]:
    """Words split at `code`, each with whether it is code."""
    return [(number % 2 == 1, piece) for number, piece in enumerate(text.split("`")) if piece]


NAME_SHOWN = 26
"""Letters of a name in the picture of lives, beside the day on a telephone; the table and the title have all."""


def short(text: str) -> str:
    return text if len(text) <= NAME_SHOWN else f"{text[: NAME_SHOWN - 1]}…"
