"""Updaters that others run as a service of theirs: snapd, balena, fwupd, Flatpak.

Rules, from their documentation: snapd verifies assertions, refreshes by itself and goes back; on Ubuntu Core it is the
system's updater, elsewhere it keeps applications. balena's supervisor fetches containers by digest over TLS, the host's
image through its own server (config.json's apiEndpoint); whether the maker's signature is verified cannot be seen in
the image. rollback-health and rollback-altboot go back to the host's other copy (meta-balena, docs/rollbacks.md).
fwupd verifies signatures of components' firmware. None of the parts replaces the system's updater.
"""

import re
from collections.abc import Iterator

from firmward.facts.process import Start
from firmward.facts.update.surroundings import Surroundings
from firmward.facts.update.updater import Aspect, Doubt, Kind, Remark, Server, Updater
from firmward.facts.update.urls import Url, server, transport, urls
from firmward.model.location import Location

BALENA = ("resin-boot/config.json", "mnt/boot/config.json", "boot/config.json", "etc/balena-supervisor/supervisor.conf")
BALENA_PROGRAMS = ("balena-supervisor", "start-balena-supervisor", "resin-supervisor")
"""balenad is the engine, which fetches nothing by itself."""
ENDPOINT = re.compile(
    r"(?:\"(?:api|delta)Endpoint\"\s{0,20}:\s{0,20}\"|(?m:^)(?:API|DELTA)_ENDPOINT=[\"']?)([^\s\"']{1,500})"
)
ROLLBACKS = ("rollback-health.service", "rollback-altboot.service")


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
    starts = around.started(*BALENA_PROGRAMS) or around.unit_starts(
        "balena-supervisor.service", "resin-supervisor.service"
    )
    if not starts and around.blind is None and _is_masked(around):
        return
    reason = "whether the images that balena fetches carry the maker's signature cannot be seen here"
    doubts = (Doubt(Aspect.SIGNATURE, reason), Doubt(Aspect.DOWNGRADE, reason))
    fetched = tuple(_endpoints(around))
    asks = server(fetched) if fetched else Server.TLS
    remarks = (*transport(fetched, signed=False), *_balena_fallback(around, program))
    yield Updater("balena", Kind.IMAGE, program, asks, starts, remarks, doubts)


def _is_masked(around: Surroundings) -> bool:
    """Whether its supervisor is put away for good, and the host's own updater is gone too."""
    units = around.units.units if around.units is not None else {}
    has_unit = "balena-supervisor.service" in units or "resin-supervisor.service" in units
    return has_unit and around.program("hostapp-update") is None


def _endpoints(around: Surroundings) -> Iterator[Url]:
    for path, text in around.texts(*BALENA):
        for found in ENDPOINT.finditer(text):
            at = Location(path, text.count("\n", 0, found.start()) + 1)
            yield from urls(found[1], at)


def _balena_fallback(around: Surroundings, program: Location) -> Iterator[Remark]:
    """The host's services that go back to the old copy, or let the other one be tried."""
    units = around.units.units if around.units is not None else {}
    if around.program("hostapp-update") is None or not units:
        return
    if not any(name in units and units[name].start is not Start.DISABLED for name in ROLLBACKS):
        says = "has no rollback-health and no rollback-altboot: nothing goes back from a host that does not start"
        instead = "Build meta-balena's rollback services into the image, and enable them"
        yield Remark(Aspect.FALLBACK, "rollback", says, instead, program)
