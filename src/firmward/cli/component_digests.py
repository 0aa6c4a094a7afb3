"""The digests of components that are one file: read again for documents alone, which want them."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmward.model.component import Component
    from firmward.model.tree import Tree

SIZE_LIMIT = 256 << 20
"""Bytes of a file that is read for its digest."""


def digested(components: "Sequence[Component]", tree: "Tree", until: float) -> "tuple[Component, ...]":
    """With the SHA-256 of each that is one file of this tree, as far as the time goes."""
    return tuple(
        replace(one, sha256=digest) if not one.sha256 and (digest := _digest(one, tree, until)) else one
        for one in components
    )


def _digest(one: "Component", tree: "Tree", until: float) -> str:
    """Empty where it is no one file, or that cannot be read."""
    from firmward.model.tree import Kind

    entry = tree.resolve(one.files[0]) if len(one.files) == 1 else None
    if entry is None or entry.kind is not Kind.FILE or entry.size > SIZE_LIMIT or time.monotonic() > until:
        return ""
    digest = hashlib.sha256()
    try:
        for chunk in tree.chunks(entry):
            digest.update(chunk)
    except Exception:  # whatever its reader meets: a digest that is not known is left out
        return ""
    return digest.hexdigest()
