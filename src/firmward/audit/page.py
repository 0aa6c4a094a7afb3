"""What every page of ours is: one file, which loads nothing and runs its own script alone."""

import base64
import hashlib
from functools import cache
from importlib.resources import files


def content_policy(style: str, script: str) -> str:
    """For the page's head: it admits this style and this script by their digests, and nothing from anywhere."""
    allowed = "; ".join(f"{name}-src '{_digest(text)}'" for name, text in (("style", style), ("script", script)))
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def text(package: str, name: str) -> str:
    """A file in the folder `templates` of a package."""
    return files(package).joinpath("templates", name).read_text(encoding="utf-8")
