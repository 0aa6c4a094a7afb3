"""The components that bills of materials in an image name: `firmward audit sbom.cdx.json`."""

from typing import TYPE_CHECKING

from firmward.facts.bills import Bills
from firmward.image import bill

if TYPE_CHECKING:
    from firmward.image.opening import Image
    from firmward.model.component import Component


def bills_in(image: "Image") -> Bills:
    """Raises InputError for a bill that cannot be read: it was given to be."""
    parts = [part for part in image.parts if part.kind == bill.KIND and part.same_as is None]
    if not parts:
        return Bills()
    from firmward.vulns.document import SIZE_LIMIT
    from firmward.vulns.sbom.reading import read_bill

    components: list[Component] = []
    notes: list[str] = []
    for part in parts:
        name = image.name if part.parent is None else part.id
        found = read_bill(image.sources[part.id].read(0, SIZE_LIMIT + 1), name)
        components += found.components
        notes += (f"{name}: {note}" for note in found.notes)
    return Bills(tuple(components), tuple(notes))
