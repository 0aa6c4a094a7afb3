"""What is said of a release: the build is audited as `firmward audit` does it, for report, SBOM, VEX and facts."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmward.cli.judging import Question, Reading
    from firmward.model.side import Side

Tell = Callable[[str], None]
FACTS_SCHEMA = "firmward.facts/1"
NAMES = {"report": "report.json", "sbom": "sbom.cdx.json", "vex": "vex.cdx.json", "facts": "facts.json"}


def audited(
    build: Path, folder: Path, question: "Question", reading: "Reading", policy: Path | None, tell: Tell
) -> dict[str, Path]:
    """The files that were written to a folder, by the kind of document."""
    from firmward.audit.json_report import render_json
    from firmward.audit.writing import write_texts
    from firmward.cli.documents import author_of, documents
    from firmward.cli.judging import examine
    from firmward.cli.triage_file import triaged

    side = examine(build, question, reading, tell)
    today = question.clock.today
    report = triaged(side.report, policy, today)
    forms = documents(today, author_of(question.policy))
    texts = {
        "report": render_json(report),
        "sbom": forms[".cdx.json"](report),
        "vex": forms["vex.cdx.json"](report),
        "facts": facts_text(side),
    }
    write_texts([(folder / NAMES[kind], text) for kind, text in texts.items()])
    return {kind: folder / NAMES[kind] for kind in texts}


def facts_text(side: "Side") -> str:
    """The facts by which a device is held against its release later: the same drift is told from."""
    from firmward.audit.json_record import to_json

    record = {"schema": FACTS_SCHEMA, "subject": side.report.subject.name, "parts": to_json(side.facts)}
    return json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
