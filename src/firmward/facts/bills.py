"""The components that bills of materials name, as a collection is given them: a host reads these formats."""

from dataclasses import dataclass

from firmward.model.component import Component


@dataclass(frozen=True, slots=True)
class Bills:
    """The `components` that bills name, and `notes` on what they say and was not taken."""

    components: tuple[Component, ...] = ()
    notes: tuple[str, ...] = ()
