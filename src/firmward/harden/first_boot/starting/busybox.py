"""A script among those that rcS runs by their names."""

from firmward.harden.first_boot import ordering
from firmward.harden.site import Site

FOLDER = "etc/init.d"


def start(site: Site, name: str, script: str, servers: tuple[str, ...], place: str) -> None:
    number = ordering.before(site.draft, FOLDER, servers)
    path = f"{FOLDER}/S{number:02}{name}"
    there = site.draft.glob(f"{FOLDER}/S??{name}")
    site.draft.write(there[0] if there else path, f'#!/bin/sh\ncase "$1" in\n\tstart) {script} ;;\nesac\n', 0o755)
