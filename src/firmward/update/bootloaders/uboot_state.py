"""firmward's own U-Boot (build/uboot/boot.env): its state in the partition `state`, of which Linux writes one sector.

Rules (docs/adr/014; the sectors are those of formats/boot_state.py):

- U-Boot alone writes the two copies of the state. What is asked of it is the request: one sector, which it applies and
  clears at the next start. So whatever is asked here is there whole or not at all, and until the next start it can be
  taken back without a trace.
- The request has two writers in Linux: this, and the watcher that the initramfs leaves behind (watch.sh). Each keeps
  what the other asked for.
- A slot that is good is told so after each start: every start takes a try, and being good gives the tries back.
- U-Boot takes `good=` for the slot alone that it started last.
- What U-Boot would refuse counts as if it were not there; two lost copies are a new state, in which slot a is next.
"""

from dataclasses import replace

from firmward.formats import boot_state
from firmward.formats.boot_state import REQUEST, SECTOR, SIZE, TRIES, Records, Request, State
from firmward.model.errors import DeviceError, InputError
from firmward.update.bootloaders.bootloader import OTHER, SLOTS, BootLoader, BootState, a_slot, to_disable, to_mark
from firmward.update.bootloaders.surroundings import Surroundings
from firmward.update.disk import Disk

PARTITION = "state"


def adapter(around: Surroundings) -> BootLoader:
    return UbootState(around.disk, around.running)


class UbootState:
    """A boot loader (bootloader.py). `running` is the slot that the kernel's command line names."""

    name = "U-Boot, started by firmward's script"

    def __init__(self, disk: Disk, running: str) -> None:
        """Raises InputError."""
        if running not in SLOTS:
            raise InputError(
                f"no slot is called {running!r}: the kernel's command line has to say firmward.slot=a or b"
            )
        self._disk = disk
        self._running = running

    def state(self) -> BootState:
        told = _told(self._records())
        good = frozenset(slot for slot in SLOTS if _of(told, slot)[1])
        return BootState(self._running, _chosen(told), good)

    def disable(self, slot: str) -> None:
        """Raises InputError too for the running slot."""
        to_disable(slot, self._running)
        records = self._records()
        asked = records.request
        if asked.active == slot:
            asked = replace(asked, active=None)
        if _chosen(_told(replace(records, request=asked))) == slot:  # as where the state was lost
            asked = replace(asked, active=self._running)
        self._ask(records.request, asked)

    def activate(self, slot: str) -> None:
        asked = self._records().request
        self._ask(asked, replace(asked, active=a_slot(slot)))

    def mark_good(self, slot: str) -> None:
        """Raises InputError too for a slot that does not run."""
        to_mark(slot, self._running)
        asked = self._records().request
        self._ask(asked, replace(asked, good=slot))

    def _records(self) -> Records:
        try:
            return boot_state.parse(self._disk.read(PARTITION, 0, SIZE))
        except KeyError:
            raise InputError(f"this device has no partition {PARTITION}: its boot loader is another") from None
        except OSError as error:
            raise _failed("read", error) from error

    def _ask(self, before: Request, asked: Request) -> None:
        """What is asked already is not written again, which spares the storage."""
        if asked == before:
            return
        sector = asked.to_bytes()
        try:
            if self._disk.size(PARTITION) < SIZE:
                raise InputError(f"the partition {PARTITION} has less than {SIZE} bytes: the disk was laid out wrongly")
            self._write(sector)
            self._disk.sync(PARTITION)
            found = self._disk.read(PARTITION, REQUEST, SECTOR)
        except OSError as error:
            raise _failed("written", error) from error
        if found != sector:
            raise DeviceError(f"the partition {PARTITION} does not hold what was written to it; try again")

    def _write(self, sector: bytes) -> None:
        done = 0
        while done < SECTOR:
            taken = self._disk.write(PARTITION, REQUEST + done, sector[done:])
            if taken < 1:
                raise DeviceError(f"the partition {PARTITION} takes no bytes; try again")
            done += taken


def _failed(what: str, error: OSError) -> DeviceError:
    return DeviceError(f"the partition {PARTITION} cannot be {what}: {error.strerror or error}; try again")


def _told(records: Records) -> State:
    """The state once the request is applied (`apply_request` of the script)."""
    state = records.state or State(0)
    asked = records.request
    if asked.good is not None and asked.good == state.last:
        state = _with(state, asked.good, is_good=True)
    if asked.active is not None:
        state = _with(replace(state, active=asked.active), asked.active, is_good=False)
    return state


def _chosen(state: State) -> str:
    """The slot that is started then (`choose` of the script)."""
    here, there = state.active, OTHER[state.active]
    (left, good), (others_left, others_good) = _of(state, here), _of(state, there)
    if left or others_left:
        return here if left else there
    return there if others_good and not good else here


def _with(state: State, slot: str, *, is_good: bool) -> State:
    if slot == "a":
        return replace(state, a_left=TRIES, a_good=is_good)
    return replace(state, b_left=TRIES, b_good=is_good)


def _of(state: State, slot: str) -> tuple[int, bool]:
    """The tries that it has left, and whether it is good."""
    return (state.a_left, state.a_good) if slot == "a" else (state.b_left, state.b_good)
