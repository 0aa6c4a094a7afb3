"""Back to the version in the other slot."""

from firmward.update import lock, rollback, slots
from firmward.update.call import Call
from firmward.update.codes import CODES
from firmward.update.outcome import INSTALLED, SCHEMA


def run(called: Call) -> int:
    with lock.held(called.here.state), called.onto() as onto:
        slot = rollback.rollback(onto, called.floor.read())
        holding = slots.held(called.store, slot)
    version = "" if holding is None else holding.version
    what = f"version {version}" if version else "what it had from the factory"
    line = f"slot {slot} is started next, with {what}: restart to use it"
    called.say((line,), {"schema": SCHEMA, "outcome": INSTALLED, "slot": slot, "version": version})
    if called.options.restart:
        called.restart()
    return CODES[INSTALLED]
