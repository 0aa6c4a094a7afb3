"""Which of an image's device trees boots.

Rules, the first that names one counts: a FIT's default configuration that boots a kernel, and a unified kernel image;
the boot loader's configuration (`fdt` and `devicetree` of extlinux, of GRUB and of loader entries, scripts,
`device_tree` in config.txt); U-Boot's environment, stored or built in. What names several trees, as an environment that
asks for the board does, leaves open which of them. Where nothing names one, a tree that is alone boots. Trees inside a
boot loader, and those of FITs without a kernel, are the loader's own; overlays boot with another.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from firmward.facts.fits import Fits
from firmward.facts.stored_environments import StoredEnvironments
from firmward.facts.uboots import Uboots
from firmward.model.facts import Unavailable, Unknown
from firmward.model.parts import OpenPart, Parts
from firmward.model.report import Role
from firmward.model.tree import Tree


class Choice(StrEnum):
    """What is known of a tree: whether it is what the system boots with."""

    BOOTS = "boots"
    POSSIBLE = "possible"
    """One of several, of which nothing says which."""
    OTHER = "other"
    """Lies in the image while another is named."""
    LOADER = "loader"
    """A boot loader's own."""
    OVERLAY = "overlay"
    """Changes another tree."""


Sources = tuple[Fits | None | Unknown, Uboots | None | Unknown, StoredEnvironments | None | Unknown]

FILE_LIMIT = 1 << 20
"""Bytes of a boot loader's configuration."""
NAMES_LIMIT = 2000
"""Names of trees taken from one place."""
NAMESAKES_LIMIT = 100
"""Trees of one file name; a slot each is two."""
FILES = (
    "extlinux/extlinux.conf", "extlinux.conf", "syslinux/syslinux.cfg", "syslinux.cfg", "loader/entries/*.conf",
    "grub/grub.cfg", "grub2/grub.cfg", "EFI/*/grub.cfg", "boot.cmd", "boot.scr.txt", "uEnv.txt", "armbianEnv.txt",
    "orangepiEnv.txt", "config.txt",
)  # fmt: skip
FOLDERS = ("", "boot/", "boot/firmware/")
UKI = ("dtb",)
"""Sections of a unified kernel image that are passed on as they are."""

_NAME = re.compile(r"[\w@.,+/-]{1,200}\.dtb(?![\w.-])")


def chosen(
    parts: Parts,
    copies: Mapping[str, Iterable[str]],
    loaders: frozenset[str],
    overlays: frozenset[str],
    sources: Sources,
) -> dict[str, Choice]:
    """What each tree is, by its part. `copies` are the parts with the same bytes, each tree's own among them; `loaders`
    and `overlays` those whose content shows what they are."""
    fits, uboots, environments = sources
    own = {id for ids in copies.values() for id in ids if _is_loaders(parts, id)} | _firmware(fits)
    kinds: dict[str, Choice] = {}
    for first, ids in copies.items():
        if first in overlays:
            kinds[first] = Choice.OVERLAY
        elif all(id in own for id in ids) or (first in loaders and not any(id in _kernel(fits) for id in ids)):
            kinds[first] = Choice.LOADER
    open_ = {id: first for first, ids in copies.items() if first not in kinds for id in ids}
    names = _Names(open_)
    for level in (
        [*_fits(fits), *_ukis(parts)],
        list(_files(parts, names)),
        list(_environments(uboots, environments, names)),
    ):
        named = [{open_[id] for id in ids if id in open_} for ids in level]
        if any(named):
            return kinds | _settled(set(open_.values()), [one for one in named if one])
    return kinds | _settled(set(open_.values()), [set(open_.values())])


def _settled(trees: set[str], named: list[set[str]]) -> dict[str, Choice]:
    """A place that names one tree settles it; one that names several leaves it open which."""
    certain = {id for ids in named if len(ids) == 1 for id in ids}
    possible = {id for ids in named for id in ids} - certain if not certain else set()
    return {id: Choice.BOOTS if id in certain else Choice.POSSIBLE if id in possible else Choice.OTHER for id in trees}


def _is_loaders(parts: Parts, id: str) -> bool:
    """Whether a tree lies in a boot loader's binary, or is named as U-Boot's build names its own."""
    if id.rpartition("/")[2].startswith("u-boot"):
        return True
    above = parts.all[id].part.parent
    while above is not None and above in parts.all:
        if parts.all[above].part.role is Role.BOOT_LOADER:
            return True
        above = parts.all[above].part.parent
    return False


def _firmware(fits: Fits | None | Unknown) -> set[str]:
    return {f"{at}/{image}" for at, image, has_kernel in _components(fits) if not has_kernel} - _kernel(fits)


def _kernel(fits: Fits | None | Unknown) -> set[str]:
    return {f"{at}/{image}" for at, image, has_kernel in _components(fits) if has_kernel}


def _components(fits: Fits | None | Unknown) -> Iterator[tuple[str, str, bool]]:
    """FIT, tree, and whether the configuration boots a kernel with it."""
    for found in fits.found if isinstance(fits, Fits) else ():
        for configuration in found.configurations:
            has_kernel = any(role == "kernel" for role, _ in configuration.components)
            for role, image in configuration.components:
                if role == "fdt":
                    yield found.at.part or "", image, has_kernel


def _fits(fits: Fits | None | Unknown) -> Iterator[set[str]]:
    """The tree of each FIT's default configuration: the first, as those behind it are overlays."""
    for found in fits.found if isinstance(fits, Fits) else ():
        components = () if found.booted is None else found.booted.components
        trees = [image for role, image in components if role == "fdt"]
        if trees and any(role == "kernel" for role, _ in components):
            yield {f"{found.at.part}/{trees[0]}"}


def _ukis(parts: Parts) -> Iterator[set[str]]:
    for id, one in parts.all.items():
        above = None if one.part.parent is None else parts.all.get(one.part.parent)
        if above is not None and above.part.kind == "uki" and id.rpartition("/")[2] in UKI:
            yield {id}


class _Names:
    """Trees by what configurations call them: a path from the root of a file system, or the file's name alone."""

    def __init__(self, ids: Iterable[str]) -> None:
        self._by_file: dict[str, list[str]] = {}
        for id in ids:
            self._by_file.setdefault(id.rpartition("/")[2], []).append(id)

    def in_text(self, text: str, near: str = "") -> set[str]:
        """The trees that a text names, those in the file system `near` first."""
        lines = (line for line in text.split("\n") if not line.lstrip().startswith("#"))
        words = dict.fromkeys(
            match[0] for line in lines for match, _ in zip(_NAME.finditer(line), range(NAMES_LIMIT), strict=False)
        )
        return {id for word in list(words)[:NAMES_LIMIT] for id in self._named(word, near)}

    def _named(self, word: str, near: str) -> list[str]:
        same_name = self._by_file.get(word.rpartition("/")[2], [])[:NAMESAKES_LIMIT]
        whole = [id for id in same_name if id.endswith("/" + word.strip("./"))] or same_name
        return [id for id in whole if near and id.startswith(near + "/")] or whole


def _files(parts: Parts, names: _Names) -> Iterator[set[str]]:
    for id, one in parts.all.items():
        if one.part.same_as is not None:
            continue
        if one.tree is not None:
            for text in _texts(one.tree):
                yield names.in_text(text, id)
        elif one.part.kind == "script":
            yield names.in_text(_content(one))


def _texts(tree: Tree) -> Iterator[str]:
    paths = dict.fromkeys(path for folder in FOLDERS for name in FILES for path in tree.glob(folder + name))
    for path in paths:
        try:
            yield tree.text(path, FILE_LIMIT) or ""
        except Unavailable:
            continue


def _content(one: OpenPart) -> str:
    content = one.content
    return "" if content is None else content.read(0, min(content.size, FILE_LIMIT)).decode("utf-8", "replace")


def _environments(
    uboots: Uboots | None | Unknown, environments: StoredEnvironments | None | Unknown, names: _Names
) -> Iterator[set[str]]:
    tables = [one.variables for one in environments.found] if isinstance(environments, StoredEnvironments) else []
    tables += [one.variables for one in uboots.proper] if isinstance(uboots, Uboots) else []
    for variables in tables:
        yield names.in_text("\n".join(variables.values()))
