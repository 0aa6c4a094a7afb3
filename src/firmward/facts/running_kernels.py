"""The kernels that may run a root: the running one; else the images beside it; else the one that its configuration or
its folder of modules is for.

An initramfs beside a root runs with that root's kernel, and has none of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.kernel_config import KernelConfigs
from firmward.facts.kernel_images import KernelImages
from firmward.model.facts import Source, Unknown
from firmward.model.location import Location
from firmward.model.parts import Parts
from firmward.model.report import Role
from firmward.model.tree import Tree

RELEASE, VERSION = "proc/sys/kernel/osrelease", "proc/sys/kernel/version"
MODULES = ("lib/modules/*", "usr/lib/modules/*")


@dataclass(frozen=True, slots=True)
class RunningKernel:
    """What one calls itself: `release` as `uname -r` says it, `version` as `uname -v` does, empty where that is not
    known, and `at`, where that stands."""

    release: str
    version: str
    at: Location


@dataclass(frozen=True, slots=True)
class RunningKernels:
    """All that may run; `unread` says in words which could not be asked. `is_before_a_root` says that this is an
    initramfs beside a root, whose kernel it runs with. Those `found` are none then."""

    found: tuple[RunningKernel, ...]
    unread: tuple[str, ...] = ()
    is_before_a_root: bool = False


def collect(
    tree: Tree,
    source: Source,
    parts: Parts | None,
    kernels: KernelImages | None | Unknown,
    configs: KernelConfigs | None | Unknown,
) -> RunningKernels | None:
    if _is_before_a_root(parts):
        return RunningKernels((), (), is_before_a_root=True)
    unread: list[str] = []
    found = tuple(_kernels(tree, source, parts, kernels, configs, unread))
    return RunningKernels(found, tuple(unread)) if found or unread else None


def _is_before_a_root(parts: Parts | None) -> bool:
    return (
        parts is not None
        and parts.own.part.role is Role.INITRAMFS
        and any(one.part.role is Role.ROOT for one in parts.all.values())
    )


def _kernels(
    tree: Tree,
    source: Source,
    parts: Parts | None,
    kernels: KernelImages | None | Unknown,
    configs: KernelConfigs | None | Unknown,
    unread: list[str],
) -> Iterator[RunningKernel]:
    if source is not Source.IMAGE:
        release = (tree.text(RELEASE) or "").strip()
        if release:
            yield RunningKernel(release, (tree.text(VERSION) or "").strip(), Location(RELEASE))
        else:
            unread.append(f"{RELEASE} cannot be read")
        return
    images = list(_images(parts, kernels, unread))
    if images:
        yield from images
        return
    said = [one for one in configs.found if one.release or one.version] if isinstance(configs, KernelConfigs) else []
    folders = sorted({path.rpartition("/")[2]: path for pattern in MODULES for path in tree.glob(pattern)}.items())
    for one in said:
        yield RunningKernel(one.release or one.version, "", one.at)
    for release, path in folders if not said else ():
        if release[:1].isdigit() and tree.is_directory(path):
            yield RunningKernel(release, "", Location(path))


def _images(parts: Parts | None, kernels: KernelImages | None | Unknown, unread: list[str]) -> Iterator[RunningKernel]:
    if isinstance(kernels, Unknown):
        unread.append(kernels.reason)
    if parts is None or not isinstance(kernels, KernelImages):
        return
    # an image may be a kernel and nothing else
    beside = {parts.here, *(one.part.id for one in parts.beside())}
    for one in kernels.found:
        if one.at.part not in beside:
            continue
        if isinstance(one.release, Unknown):
            unread.append(one.release.reason)
        else:
            yield RunningKernel(one.release, "" if isinstance(one.version, Unknown) else one.version, one.at)
