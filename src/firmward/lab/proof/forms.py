"""In which forms a proof is written, by suffix."""

from collections.abc import Callable
from pathlib import Path

from firmward.lab.proof.html import to_html
from firmward.lab.proof.json_proof import to_json
from firmward.lab.proof.markdown import to_markdown
from firmward.lab.proof.record import Proof

FORMS: dict[str, Callable[[Proof], str]] = {".html": to_html, ".json": to_json, ".md": to_markdown}


def rendered(proof: Proof, path: Path) -> str:
    """In the form that the suffix asks for."""
    return FORMS[path.suffix.lower()](proof)
