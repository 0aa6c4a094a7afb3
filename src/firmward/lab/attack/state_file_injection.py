"""Commands in the values that a boot loader reads from storage: which slot, how many tries, which number."""

from itertools import islice

from firmward.build.built import STATE
from firmward.formats.boot_state import COPIES, REQUEST
from firmward.lab.attacks import Attack, Position, Result, Unseen
from firmward.lab.means import environment, outcome, state_file
from firmward.lab.target import Target, Witness
from firmward.model.chain import KERNEL

READ = 60.0
"""Seconds until a boot loader has read its state and written it."""


def run(target: Target) -> Result:
    return _counters(target) if target.is_plain else _state(target)


def _counters(target: Target) -> Result:
    """The twin's are variables of its environment, which takes any other one besides."""
    kept = environment.variables(target)
    do = state_file.command(target.challenge)
    environment.write(target, {"bootcount": f"1;{do}", "preboot": do, "bootcmd": f"{do};{kept['bootcmd']}"})
    target.note(Witness.ATTACKER, "wrote counters to where the boot loader keeps them, and commands beside them")
    with target.power() as powered:
        return outcome.seen(powered, ATTACK.within)


def _state(target: Target) -> Result:
    states, requests = state_file.states(target.challenge), list(state_file.requests(target.challenge))
    target.note(Witness.ATTACKER, f"writes commands into every value of the state, in {len(requests)} starts")
    for request in requests:
        for place, sector in zip(COPIES, islice(states, len(COPIES)), strict=True):
            target.write(STATE, sector, place)
        target.write(STATE, request, REQUEST)
        if request is not requests[-1] and _reads(target):
            return Result.SUCCEEDED
    with target.power() as powered:
        return outcome.seen(powered, ATTACK.within)


def _reads(target: Target) -> bool:
    """Whether the attacker is heard until the boot loader has written its own state anew."""
    before = target.read(STATE, REQUEST)
    with target.power() as powered:
        if not powered.until(lambda: powered.answers() or target.read(STATE, REQUEST) != before, READ):
            raise Unseen(f"the boot loader did not write its state within {READ:g} s")
        powered.until(powered.answers, 1.0)
        if powered.answers():
            target.note(Witness.SERIAL, "the boot loader ran a command out of a value of its state")
        return powered.answers()


ATTACK = Attack(
    id="state-file-injection",
    title="Commands in the boot loader's counters",
    does="writes values into the boot loader's stored counters that end a word and begin a command",
    position=Position.BENCH,
    link=KERNEL,
    case="U-Boot ENV_WRITEABLE_LIST and `env import` by names: added since any stored variable becomes a command",
    foretold=("uboot-environment-writable", "uboot-environment-on-media"),
    run=run,
    within=120.0,
)
