"""In which forms a report is written, by suffix."""

from collections.abc import Callable
from pathlib import Path

from firmward.lab.updating.json_report import to_json
from firmward.lab.updating.markdown import to_markdown
from firmward.lab.updating.report import Report

FORMS: dict[str, Callable[[Report], str]] = {".json": to_json, ".md": to_markdown}


def rendered(report: Report, path: Path) -> str:
    """In the form that the suffix asks for."""
    return FORMS[path.suffix.lower()](report)
