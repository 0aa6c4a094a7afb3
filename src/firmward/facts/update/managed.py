"""Updaters that others run as a service of theirs: snapd, balena, fwupd, Flatpak.

Rules, from their documentation: snapd verifies assertions, refreshes by itself and goes back; on Ubuntu Core it is the
system's updater, elsewhere it keeps applications. balena's supervisor fetches containers by digest over TLS, the host's
image through its own server; whether the maker's signature is verified cannot be seen in the image. fwupd verifies
signatures of components' firmware. None of the parts replaces the system's updater.
"""

import re
from collections.abc import Iterator

from firmward.facts.update.surroundings import Surroundings
from firmward.facts.update.updater import Aspect, Doubt, Kind, Server, Updater

BALENA = ("resin-boot/config.json", "mnt/boot/config.json", "boot/config.json", "etc/balena-supervisor/supervisor.conf")
BALENA_PROGRAMS = ("balena-supervisor", "start-balena-supervisor", "resin-supervisor", "balenad")


def found(around: Surroundings) -> Iterator[Updater]:
    yield from _snapd(around)
    yield from _balena(around)
    fwupd = around.program("fwupdmgr")
    if fwupd is not None:
        yield Updater("fwupd", Kind.PART, fwupd, Server.TLS, around.unit_starts("fwupd-refresh.timer"))
    flatpak = around.program("flatpak")
    if flatpak is not None:
        yield Updater("flatpak", Kind.PART, flatpak, Server.TLS)


def _snapd(around: Surroundings) -> Iterator[Updater]:
    program = around.program("snap")
    if program is None:
        return
    core = any(re.search(r"(?m)^ID=[\"']?ubuntu-core", text) for _, text in around.texts("etc/os-release"))
    starts = around.unit_starts("snapd.service", "snapd.socket")
    yield Updater("snapd", Kind.IMAGE if core else Kind.PART, program, Server.TLS, starts)


def _balena(around: Surroundings) -> Iterator[Updater]:
    program = around.program(*BALENA_PROGRAMS)
    if program is None:
        return
    reason = "whether the images that balena fetches carry the maker's signature cannot be seen here"
    starts = around.started(*BALENA_PROGRAMS) or around.unit_starts("balena-supervisor.service", "balena.service")
    doubts = (Doubt(Aspect.SIGNATURE, reason), Doubt(Aspect.DOWNGRADE, reason))
    yield Updater("balena", Kind.IMAGE, program, Server.TLS, starts, doubts=doubts)
