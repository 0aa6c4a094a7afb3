"""What runs has proved itself, by somebody's word or by its maker's commands: the boot loader keeps it, and the
rollback floor is raised to it.

The boot loader first: a floor above what runs would be no help to a device that is then started from the other slot.
"""

from contextlib import suppress

from firmward.model.errors import DeviceError
from firmward.update import health
from firmward.update.call import Call
from firmward.update.codes import CODES
from firmward.update.floors.floor import keeper
from firmward.update.machine import Machine
from firmward.update.outcome import SCHEMA, UNKNOWN, printable

PATIENCE = 90.0
"""Seconds in which a system that is not well may still end by itself."""


def run(called: Call) -> int:
    if called.options.health:
        verdict = health.judged(called.identity.health, clock=called.machine.clock)
        if not verdict.is_well:
            return _not_well(called, verdict.reason)
    name = _mark_good(called)
    floor = called.floor
    floor.raise_to(called.identity.rollback_index)
    index = floor.read()
    told = (f"{name} keeps what runs",) if name else ()
    lines = (*told, f"the rollback floor is {index}, {keeper(floor)}")
    called.say(lines, {"schema": SCHEMA, "floor": index, "good": bool(name)})
    return 0


def _mark_good(called: Call) -> str:
    """Who was told, empty on a device without slots, where there is a floor alone. Raises DeviceError, InputError."""
    if not called.here.inactive() and not called.options.health:
        return ""
    with called.slots() as (_, loader):
        loader.mark_good(loader.state().running)
        return loader.name


def _not_well(called: Call, reason: str) -> int:
    line = f"not well: {printable(reason)}; the device restarts, and goes back to the other slot unless that helps"
    called.say((line,), {"schema": SCHEMA, "well": False, "reason": printable(reason)})
    if not called.options.dry_run:
        _restart(called.machine)
    return CODES[UNKNOWN]


def _restart(machine: Machine) -> None:
    """Raises DeviceError where even that fails."""
    with suppress(DeviceError):
        machine.restart("")
        machine.clock.sleep(PATIENCE)
    machine.forced()
