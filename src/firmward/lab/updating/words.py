"""What is told of an update in the lab, the same in each form."""

from collections.abc import Iterator, Mapping

from firmward.audit.summary import plural
from firmward.lab.updating.moments import Stretch
from firmward.lab.updating.report import Offered, Report, Round
from firmward.lab.updating.seen import Ending, Ran, Start

MIB = 1 << 20


def headline(report: Report) -> str:
    cuts = _times(report.cuts)
    if report.interrupted:
        return f"interrupted, after the power was cut {cuts}" if report.cuts else "interrupted before the power was cut"
    if not report.holds:
        return f"not as expected: {next(iter(report.problems()), '')}"
    version, offered = report.setting.version, report.offered.version
    without = "" if not report.cuts else f", with the power cut {cuts}"
    return {
        Ending.BACK: f"{offered} did not prove itself: back to {version}, and not tried again{without}",
        Ending.STAYED: f"{offered} was not taken: {version} goes on{without}",
    }.get(report.setting.expected, f"{version} became {offered}{without}")


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def size(count: int) -> str:
    return f"{count / MIB:.1f} MiB" if count >= MIB // 10 else f"{count / 1024:.1f} KiB"


def kinds(offered: Offered, one: Round) -> tuple[str, ...]:
    """By which sources the payloads came, in the order in which they were asked for."""
    asked = (offered.kinds.get(path) for start in one.starts for path in start.paths)
    return tuple(dict.fromkeys(kind for kind in asked if kind is not None))


def cut(start: Start) -> str:
    """When the power was cut."""
    if start.moment is None:
        return ""
    since = (start.since or {}).get(start.during, 0.0)
    return f"{start.during.value}, {start.seconds - since:.1f} s in"


def held(slots: Mapping[str, str | None]) -> str:
    return ", ".join(f"{slot}: {version or 'not whole'}" for slot, version in slots.items())


def ran(start: Start) -> str:
    """What the boot loader started, one after the other, and what came of it."""
    return ", then ".join(_ran(one) for one in start.ran) or "nothing"


def _ran(one: Ran) -> str:
    version = one.version or "not whole"
    how = "refused" if one.refused else "healthy" if one.healthy else ""
    return " ".join(filter(None, (f"{one.slot} ({version})", how)))


def by_stretch(report: Report) -> Iterator[tuple[Stretch, int, int]]:
    """How often each stretch was cut, and how often the next start was one of the new version."""
    for stretch in Stretch:
        found = [
            after
            for one in report.rounds
            for start, after in zip(one.starts, one.starts[1:], strict=False)
            if start.moment is not None and start.during is stretch
        ]
        if found:
            yield stretch, len(found), sum(report.offered.version in after.tried for after in found)


def taken(report: Report) -> str:
    """What cuts cost on the line."""
    calm = next((one.taken for one in report.rounds if one.starts and not one.cuts), None)
    if calm is None:
        return "no start was followed to its end"
    rough = [one for one in report.rounds if one.cuts]
    said = f"without a cut the device took {size(calm)} of {size(report.offered.least)}"
    if not rough:
        return said
    whole = sum(one.taken for one in rough)
    each = (whole - calm * len(rough)) // sum(one.cuts for one in rough)
    return f"{said}; with cuts {size(whole)} in {plural(len(rough), 'round')}, {size(max(each, 0))} more a cut"
