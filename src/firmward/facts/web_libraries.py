"""The libraries in a device's pages, which run in the browsers of those who visit it: from the one pass over contents.

web_library_row.py says by what they are known.
"""

from dataclasses import dataclass

from firmward.facts.contents import Contents
from firmward.facts.web_library_search import WebLibrary

__all__ = ["WebLibraries", "WebLibrary", "collect"]


@dataclass(frozen=True, slots=True)
class WebLibraries:
    """All that were `found`, in the order of their files."""

    found: tuple[WebLibrary, ...]


def collect(contents: Contents) -> WebLibraries | None:
    """None where no page, script or style sheet has one."""
    return WebLibraries(contents.libraries) if contents.libraries else None
