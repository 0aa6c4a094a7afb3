"""Which root file system a kernel, its configuration, a device tree, an initramfs or a boot loader goes with.

What lies nearest in the image belongs together: the configuration in a root's own boot/, the kernel in the same folder
of a build's output. Where several roots are equally near, as when two slots share a boot partition, it goes with none
of them alone. What was given by hand goes with a root that was given too, or else with the only one of the image.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from firmward.model.parts import above
from firmward.model.report import Part, Role

COMPANIONS = frozenset({Role.KERNEL, Role.KERNEL_CONFIG, Role.DEVICE_TREE, Role.BOOT_LOADER, Role.INITRAMFS})


def paired(parts: Iterable[Part]) -> tuple[Part, ...]:
    """The parts, each companion with the root that it belongs to; equal roots count as the one that is audited."""
    known = tuple(parts)
    below: dict[str, str | None] = {}
    for part in known:
        if part.role is Role.ROOT:
            root = part.same_as or part.id
            for folder in _above(part.id):
                below[folder] = root if below.get(folder, root) == root else None
    return tuple(replace(part, belongs_to=_root_of(part, below)) if part.role in COMPANIONS else part for part in known)


def _root_of(part: Part, below: dict[str, str | None]) -> str | None:
    """The one root in the smallest part of the image that holds both; `below` has the one root under each step of an
    id, None where there are several."""
    return next((below[folder] for folder in _above(part.id) if folder in below), None)


def _above(id_: str) -> Iterator[str]:
    """An id and what it begins with, step by step to the top; last the empty one, which all that there is begins with:
    parts that were given do not lie in the image."""
    yield id_
    yield from above(id_)
    yield ""
