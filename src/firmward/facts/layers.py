"""Folders with data that are seen at another place of the root: what lies in them is the system's own at that place.

Rules. A bind mount shows its source at its target; an overlay shows what lies in its `upperdir`. balenaOS binds folders
of its state partition's `root-overlay` over those of the same name, by a program that reads a list; OpenWrt keeps what
was changed in `overlay/upper`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.mounts import Mount, Mounts
from firmward.model.facts import Unknown
from firmward.model.tree import Tree

WHOLE = ("mnt/state/root-overlay", "resin-state/root-overlay", "root-overlay", "overlay/upper")
"""Folders that are laid over the whole root."""
LAYERS_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Layer:
    """A `folder` of the tree, and the `place` at which it is seen: empty for the root."""

    folder: str
    place: str


@dataclass(frozen=True, slots=True)
class Layers:
    """All `layers` of which there is something in the tree."""

    layers: tuple[Layer, ...]


def collect(tree: Tree, mounts: Mounts | Unknown | None) -> Layers | None:
    found = [Layer(folder, "") for folder in WHOLE if tree.is_directory(folder)]
    if isinstance(mounts, Mounts):
        found += [layer for mount in mounts.mounts[:LAYERS_LIMIT] for layer in _of_mount(tree, mount)]
    return Layers(tuple(dict.fromkeys(found))) if found else None


def _of_mount(tree: Tree, mount: Mount) -> Iterator[Layer]:
    place = mount.target.strip("/")
    above = [option.partition("=")[2] for option in mount.options if option.startswith("upperdir=")]
    for folder in (*above, *([mount.source] if mount.is_bind and mount.source.startswith("/") else ())):
        layer = Layer(folder.strip("/"), place)
        if layer.folder and layer.folder != place and tree.is_directory(layer.folder):
            yield layer


def seen(path: str, layers: Layers | Unknown | None) -> Iterator[str]:
    """The paths, or patterns of paths, at which a place of the system may lie in the tree: first its own."""
    yield path
    for layer in layers.layers if isinstance(layers, Layers) else ():
        if not layer.place or path.startswith(f"{layer.place}/"):
            yield f"{layer.folder}/{path[len(layer.place) :].lstrip('/')}"
