"""A U-Boot whose script keeps RAUC's convention, told by its environment: `fw_printenv` and `fw_setenv`.

Rules (RAUC's integration manual, "U-Boot"; libubootenv 0.3 and U-Boot's tools/env for the programs):

- `BOOT_ORDER` names the slots, `A` and `B`; the first that has tries in `BOOT_A_LEFT`, `BOOT_B_LEFT` (hexadecimal) is
  started, and loses one. Where none has, all are given theirs again. What is unset is "A B" and 3.
- A slot that was marked good has all its tries. Each start takes one, so the running slot is good once it was marked
  so since that start.
- `bootcount` and `upgrade_available` (U-Boot's doc/README.bootcount) are kept where the environment has them: counting
  begins with a trial and ends when the slot is good.
- One call of `fw_setenv` is one change: it writes the copy that is not in use and gives it a higher number. With one
  copy alone a power cut leaves none, and U-Boot takes its built-in order, whichever slot was good. So an environment
  without a second copy is refused.
- The script has to verify what it starts, or at least fall back to the next slot when that cannot be read.
"""

from dataclasses import dataclass
from pathlib import Path

from firmward.model.errors import DeviceError, InputError
from firmward.update.bootloaders.bootloader import SLOTS, BootLoader, BootState, a_slot, to_disable, to_mark
from firmward.update.bootloaders.surroundings import Surroundings
from firmward.update.program import Run

CONFIG = "etc/fw_env.config"
CONFIG_LIMIT = 16 << 10
TRIES = 3
_COPIES = 2


def adapter(around: Surroundings) -> BootLoader:
    return FwSetenv(around.run, around.running, around.top / CONFIG)


@dataclass(frozen=True, slots=True)
class _Found:
    """`order` are the words of BOOT_ORDER, which may name more than our slots, `left` the tries by slot. `count` and
    `upgrade` are `bootcount` and `upgrade_available`, None where the environment has them not."""

    order: tuple[str, ...]
    left: dict[str, int]
    count: str | None
    upgrade: str | None


class FwSetenv:
    """A boot loader (bootloader.py)."""

    name = "U-Boot, by fw_setenv"

    def __init__(self, run: Run, running: str, config: Path) -> None:
        """Raises InputError."""
        self._run = run
        self._running = a_slot(running)
        self._config = config
        _want_two_copies(config)

    def state(self) -> BootState:
        found = self._found()
        following = _next(found)
        full = {slot for slot in SLOTS if found.left[slot] >= TRIES}
        return BootState(self._running, following, frozenset(full - ({following} - {self._running})))

    def disable(self, slot: str) -> None:
        """Raises InputError too for the running slot."""
        to_disable(slot, self._running)
        found = self._found()
        kept = [word for word in found.order if word != slot.upper()]
        self._say(found, _with(kept, self._running), {slot: 0}, "0")

    def activate(self, slot: str) -> None:
        found = self._found()
        others = [word for word in found.order if word != a_slot(slot).upper()]
        self._say(found, _with([slot.upper(), *others], self._running), {slot: TRIES}, "1")

    def mark_good(self, slot: str) -> None:
        """Raises InputError too for a slot that does not run."""
        to_mark(slot, self._running)
        found = self._found()
        upgrade = "0" if _next(found) == slot else found.upgrade  # another one's trial may have been asked for
        self._say(found, _with(list(found.order), slot), {slot: TRIES}, upgrade)

    def _found(self) -> _Found:
        """Raises DeviceError."""
        said = self._run(("fw_printenv", "-c", str(self._config)))
        values = dict(line.split("=", 1) for line in said.split("\n") if "=" in line)
        order = tuple(dict.fromkeys((values.get("BOOT_ORDER") or "A B").split()))
        left = {slot: _tries(values.get(_left(slot)) or f"{TRIES:x}") for slot in SLOTS}
        return _Found(order, left, values.get("bootcount"), values.get("upgrade_available"))

    def _say(self, found: _Found, order: list[str], left: dict[str, int], upgrade: str | None) -> None:
        """Raises DeviceError. What holds already is not written again, which spares the storage."""
        counting = ("0", upgrade) if found.upgrade is not None else (found.count, None)
        wanted = _Found(tuple(order), found.left | left, *counting)
        if wanted == found:
            return
        said = {"BOOT_ORDER": " ".join(order)} | {_left(slot): f"{tries:x}" for slot, tries in left.items()}
        if found.upgrade is not None and upgrade is not None:
            said |= {"bootcount": "0", "upgrade_available": upgrade}
        lines = "".join(f"{name}={value}\n" for name, value in said.items())
        self._run(("fw_setenv", "-c", str(self._config), "-s", "-"), lines.encode())
        if self._found() != wanted:
            raise DeviceError("fw_setenv: the environment does not hold what was written to it; try again")


def _with(order: list[str], running: str) -> list[str]:
    """The running slot is what there is to fall back to."""
    return order if running.upper() in order else [*order, running.upper()]


def _next(found: _Found) -> str:
    """As the script begins; slot a where its order names none of ours."""
    ours = [word.lower() for word in found.order if word.lower() in SLOTS and word.isupper()]
    tried = [slot for slot in ours if found.left[slot] > 0]
    return (tried or ours or ["a"])[0]


def _left(slot: str) -> str:
    return f"BOOT_{slot.upper()}_LEFT"


def _tries(text: str) -> int:
    """What is no number counts as none, as U-Boot's `test -gt` has it."""
    return int(text, 16) if len(text) <= 4 and text and not text.strip("0123456789abcdefABCDEF") else 0


def _want_two_copies(config: Path) -> None:
    try:
        with config.open("rb") as file:
            text = file.read(CONFIG_LIMIT).decode("utf-8", "replace")
    except OSError as error:
        raise InputError(f"{config}: cannot be read: {error.strerror or error}; fw_setenv needs it") from error
    lines = [line.split() for line in text.split("\n") if line.strip() and not line.lstrip().startswith("#")]
    if len({tuple(words[:2]) for words in lines if len(words) > 1}) != _COPIES or len(lines) != _COPIES:
        raise InputError(
            f"{config}: has to name two copies of the environment, a line each: with one alone a power cut leaves none;"
            " configure U-Boot with CONFIG_SYS_REDUNDAND_ENVIRONMENT"
        )
