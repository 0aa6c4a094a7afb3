"""firmward's own update client, as `firmward build` puts it into a root.

Rules: it installs nothing but what a TUF repository's channel has signed, begins with the root.json beside device.json,
and takes nothing below the rollback index of what runs (update/offer.py). The slot that does not run is written, and
the boot loader falls back. Without its root.json it believes nobody and is no updater.
"""

from collections.abc import Iterator

from firmward.facts.update.surroundings import Surroundings
from firmward.facts.update.updater import Kind, Updater
from firmward.facts.update.urls import server, transport, urls
from firmward.model.location import Location

DEVICE, ROOT = "usr/share/firmward/device.json", "usr/share/firmward/root.json"
PROGRAM, LOOP = "firmward-update", "firmward-update-loop"


def found(around: Surroundings) -> Iterator[Updater]:
    if around.program(PROGRAM) is None:
        return
    texts = dict(around.texts(DEVICE, ROOT))
    if DEVICE not in texts or ROOT not in texts:
        return
    at = Location(DEVICE)
    asks = tuple(urls(texts[DEVICE], at))
    starts = around.started(LOOP, PROGRAM) or around.unit_starts("firmward-update.service")
    yield Updater("firmward", Kind.IMAGE, at, server(asks), starts, transport(asks, signed=True))
