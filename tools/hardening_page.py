"""The page of remedies, from what the checks say of their own examples."""

from collections.abc import Iterator

from firmward.audit.catalogue import catalogue
from firmward.audit.example import judge_example
from firmward.model.check import Check
from firmward.model.remedy import Remedy, Safety
from firmward.model.remedy_words import kinds

INTRODUCTION = """\
What cures each finding, and what it may break. `firmward harden` applies what is **safe**: nothing that the policy
declares, and nothing that the image itself shows to be used, stops working. What is **unsafe** is right, and something
may rely on what it changes: `--unsafe` applies it, after you read the third column. What is **manual** only a person
can do. How safe a remedy is depends on the image and the policy, so that one check may stand here with several."""
SAFETIES = (Safety.SAFE, Safety.UNSAFE, Safety.MANUAL)


def hardening_page() -> str:
    areas = sorted({check.area for check in catalogue()})
    counted = {safety: sum(1 for check in catalogue() if safety in _safeties(check)) for safety in SAFETIES}
    lines = [
        "# Remedies",
        INTRODUCTION,
        f"Of {len(catalogue())} checks {counted[Safety.SAFE]} have a safe remedy in their examples, "
        f"{counted[Safety.UNSAFE]} an unsafe one, {counted[Safety.MANUAL]} a manual one.",
    ]
    for area in areas:
        rows = [row for check in catalogue() if check.area == area for row in _rows(check)]
        lines += [f"## {area}", "\n".join([f"| {HEADER} |", "| --- | --- | --- | --- |", *rows])]
    return "\n\n".join(lines)


HEADER = "Check | Remedy | May break | By"


def _safeties(check: Check) -> set[Safety]:
    return {remedy.safety for remedy in _remedies(check)}


def _remedies(check: Check) -> Iterator[Remedy]:
    for example in check.bad:
        for finding in judge_example(check, example).findings:
            if finding.remedy is not None:
                yield finding.remedy


def _rows(check: Check) -> Iterator[str]:
    """Each shape of remedy once: examples differ in names alone."""
    shapes: dict[tuple[object, ...], Remedy] = {}
    for remedy in _remedies(check):
        shapes.setdefault((remedy.safety, remedy.stage, kinds(remedy.changes), remedy.breaks), remedy)
    for remedy in sorted(shapes.values(), key=lambda one: SAFETIES.index(one.safety)):
        by = ", ".join(f"`{kind}`" for kind in kinds(remedy.changes)) or "a person"
        breaks = remedy.breaks or ("nothing" if remedy.safety is Safety.SAFE else "")
        first = (
            f"[{check.id}](checks/{check.id}.md) | **{remedy.safety.value}**, {remedy.stage.value}: {remedy.summary}"
        )
        yield f"| {_cell(first)} | {_cell(breaks)} | {by} |"


def _cell(text: str) -> str:
    return text.replace("\n", " ").replace(" | ", "\0").replace("|", "\\|").replace("\0", " | ")
