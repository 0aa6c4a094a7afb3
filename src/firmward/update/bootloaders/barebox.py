"""barebox' bootchooser, told by its state framework: `barebox-state`.

Rules (barebox' manual, "Barebox Bootchooser" and "Barebox State Framework"; dt-utils for the program):

- `bootstate.system0` is slot a, `bootstate.system1` slot b. Of those with `remaining_attempts` and a `priority` above 0
  the one with the highest priority is started, and loses an attempt. A slot that was marked good has all its attempts;
  so the running one is good once it was marked so since its start.
- Where none has attempts, barebox gives them back if `global.bootchooser.reset_attempts` says `all-zero`. Without that
  it starts nothing any more, so its configuration has to say so.
- The state is kept in three copies with checksums. One call of `barebox-state` writes and syncs them one by one, and
  who reads takes the first that is whole: a power cut leaves the old state or the new one.
- A state that is authenticated needs its key in the kernel; the program says so where it has none.
"""

from dataclasses import dataclass

from firmward.model.errors import DeviceError, InputError
from firmward.update.bootloaders.bootloader import OTHER, SLOTS, BootLoader, BootState, a_slot, to_disable, to_mark
from firmward.update.bootloaders.surroundings import Surroundings
from firmward.update.program import Run

ATTEMPTS = 3
FIRST, SECOND = 20, 10
"""Priorities, as RAUC sets them."""
_TARGETS = {"a": "system0", "b": "system1"}


def adapter(around: Surroundings) -> BootLoader:
    return Barebox(around.run, around.running)


@dataclass(frozen=True, slots=True)
class _Target:
    priority: int
    attempts: int

    @property
    def may_start(self) -> bool:
        return self.priority > 0 and self.attempts > 0


class Barebox:
    """A boot loader (bootloader.py)."""

    name = "barebox, by barebox-state"

    def __init__(self, run: Run, running: str) -> None:
        """Raises InputError."""
        self._run = run
        self._running = a_slot(running)

    def state(self) -> BootState:
        found = self._found()
        following = _next(found)
        good = {slot for slot in SLOTS if found[slot].priority and found[slot].attempts >= ATTEMPTS}
        return BootState(self._running, following, frozenset(good - ({following} - {self._running})))

    def disable(self, slot: str) -> None:
        """Raises InputError too for the running slot."""
        to_disable(slot, self._running)
        found = self._found()
        kept = found[self._running]
        # without attempts barebox gives them back to whoever has a priority
        self._say(found, {slot: _Target(0, 0), self._running: _Target(kept.priority or SECOND, kept.attempts)})

    def activate(self, slot: str) -> None:
        found = self._found()
        wanted = {a_slot(slot): _Target(FIRST, ATTEMPTS)}
        other = OTHER[slot]
        if found[other].priority or other == self._running:
            wanted[other] = _Target(SECOND, found[other].attempts)
        self._say(found, wanted)

    def mark_good(self, slot: str) -> None:
        """Raises InputError too for a slot that does not run."""
        to_mark(slot, self._running)
        found = self._found()
        self._say(found, {slot: _Target(found[slot].priority or SECOND, ATTEMPTS)})

    def _found(self) -> dict[str, _Target]:
        """Raises DeviceError; InputError where barebox has other variables."""
        said = self._run(("barebox-state", "--dump"))
        values = dict(line.split("=", 1) for line in said.split("\n") if "=" in line)
        found = {}
        for slot, target in _TARGETS.items():
            texts = [values.get(name, "").partition(",")[0].strip() for name in _names(target)]
            if not all(text.isascii() and text.isdecimal() and len(text) <= 10 for text in texts):
                raise InputError(f"barebox' state has no numbers {' and '.join(_names(target))}: describe them there")
            found[slot] = _Target(*map(int, texts))
        return found

    def _say(self, before: dict[str, _Target], wanted: dict[str, _Target]) -> None:
        """Raises DeviceError. What holds already is not written again, which spares the storage."""
        if before | wanted == before:
            return
        words = []
        for slot, target in sorted(wanted.items()):
            priority, attempts = _names(_TARGETS[slot])
            words += ["-s", f"{priority}={target.priority}", "-s", f"{attempts}={target.attempts}"]
        self._run(("barebox-state", *words))
        if self._found() != before | wanted:
            raise DeviceError("barebox-state: the state does not hold what was written to it; try again")


def _names(target: str) -> tuple[str, str]:
    return f"bootstate.{target}.priority", f"bootstate.{target}.remaining_attempts"


def _next(found: dict[str, _Target]) -> str:
    """As the bootchooser begins: where nobody has attempts left, it gives them back to whoever has a priority."""
    left = [slot for slot in SLOTS if found[slot].may_start]
    return max(left or SLOTS, key=lambda slot: (found[slot].priority, slot == "a"))
