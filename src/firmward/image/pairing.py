"""Which root file system a kernel, its configuration, a device tree, an initramfs or a boot loader goes with.

What lies nearest in the image belongs together: the configuration in a root's own boot/, the kernel in the same folder
of a build's output. Where several roots are equally near, as when two slots share a boot partition, it goes with none
of them alone.
"""

from collections.abc import Iterable
from dataclasses import replace

from firmward.model.report import Part, Role

COMPANIONS = frozenset({Role.KERNEL, Role.KERNEL_CONFIG, Role.DEVICE_TREE, Role.BOOT_LOADER, Role.INITRAMFS})


def paired(parts: Iterable[Part]) -> tuple[Part, ...]:
    """The parts, each companion with the root that it belongs to; equal roots count as the one that is audited."""
    known = tuple(parts)
    roots = {part.id: part.same_as or part.id for part in known if part.role is Role.ROOT}
    return tuple(replace(part, belongs_to=_root_of(part, roots)) if part.role in COMPANIONS else part for part in known)


def _root_of(part: Part, roots: dict[str, str]) -> str | None:
    near = {root: _shared(part.id, root) for root in roots}
    nearest = max(near.values(), default=0)
    found = {roots[root] for root, steps in near.items() if steps == nearest}
    return found.pop() if len(found) == 1 else None


def _shared(one: str, other: str) -> int:
    """How many steps two ids have in common from the top."""
    count = 0
    for left, right in zip(one.split("/"), other.split("/"), strict=False):
        if left != right:
            break
        count += 1
    return count
