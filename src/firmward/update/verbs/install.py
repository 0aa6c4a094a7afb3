"""Asks for an update, installs it into the slot that does not run, and says what follows."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from firmward.model.errors import DeviceError
from firmward.trust.clock import WALL
from firmward.trust.place import Below
from firmward.update import asking, call, fallen, install, lock, outcome, restarts, spent
from firmward.update.asking import Found
from firmward.update.call import Call
from firmward.update.codes import CODES
from firmward.update.floors import evidence
from firmward.update.install import CHECKED, RUNNING, Onto, Progress
from firmward.update.offer import Offer
from firmward.update.outcome import CURRENT, INSTALLED, UPDATE, Outcome
from firmward.update.paced import Hours, Pace, Paced
from firmward.update.settling import settle
from firmward.update.spent import Meter

BLOBS = ("targets", "blobs")
"""Where a repository has them (ADR 016)."""


def run(called: Call) -> int:
    work = _Work(called)
    with lock.held(called.here.state), _ended_by_term():
        settle(called)
        found = asking.asked(called, work.installed)
        outcome.keep(called.store, found)
    called.say(found.lines(), found.table())
    if found.outcome == INSTALLED and called.options.restart:
        work.restart()
    return CODES[found.outcome]


class _Work:
    def __init__(self, called: Call) -> None:
        self._call = called
        self._digest = ""

    def installed(self, found: Found) -> Outcome:
        """Raises DeviceError, InputError, TrustError."""
        version, hours = found.offer.manifest.value.version, self._hours(found)
        if hours is not None and not hours.is_open:
            words = f"version {version} is there, and waits for the window {hours.window}"
            return asking.outcome_of(found.reply, UPDATE, words, version)
        with self._call.onto() as onto, self._paced(found, hours) as place:
            if self._call.options.again:
                _pardon(onto)
            self._digest = found.offer.digest
            self._keep_evidence(found.offer, onto)
            done = install.install(found.offer, onto, Below(place, BLOBS), self._teller())
        if done.standing == RUNNING:
            return asking.outcome_of(found.reply, CURRENT, f"{version} is what runs")
        words = f"version {version} is in slot {done.slot}: restart to use it"
        return asking.outcome_of(found.reply, INSTALLED, words, version)

    def _keep_evidence(self, offer: Offer, onto: Onto) -> None:
        """What raises the rollback floor, once the slot that this goes into has proved itself. Raises DeviceError."""
        here, manifest = self._call.here, offer.manifest.value
        evidence.capture(here.channel(), self._call.identity, manifest, onto.store, here.inactive())

    def restart(self) -> None:
        """Raises DeviceError."""
        if restarts.counted(self._call.store, self._digest) >= restarts.MOST:
            raise DeviceError(
                f"the device restarted {restarts.MOST} times for this version, and its boot loader did not start it: "
                "nothing more is done by itself"
            )
        restarts.count(self._call.store, self._digest)
        self._call.restart()

    def _hours(self, found: Found) -> Hours | None:
        """A clock that is known to be wrong knows no hours: an update by day is better than none ever. Whoever brings a
        stick is there himself."""
        window, options = self._call.identity.window, self._call.options
        if window is None or options.now or not found.where.is_far or found.reply.clock.source != WALL:
            return None
        return Hours(window, self._call.machine.minute)

    @contextmanager
    def _paced(self, found: Found, hours: Hours | None) -> Iterator[Paced]:
        identity, machine = self._call.identity, self._call.machine
        if not found.where.is_far:
            yield Paced(found.where.place)
            return
        pace = Pace(identity.rate, machine.clock.now, machine.clock.sleep) if identity.rate else None
        if not identity.quota:
            yield Paced(found.where.place, hours, None, pace)
            return
        month = spent.month_of(found.reply.signed or found.reply.clock.now)
        meter = Meter(self._call.store, identity.quota, month)
        try:
            yield Paced(found.where.place, hours, meter, pace)
        finally:
            meter.close()

    def _teller(self) -> Callable[[Progress], None]:
        options = self._call.options
        if options.json or not (options.progress or sys.stdout.isatty()):
            return install.silent
        return _Teller()


class _Teller:
    """A line for each twentieth of a payload."""

    def __init__(self) -> None:
        self._last = ""

    def __call__(self, progress: Progress) -> None:
        done = progress.offset * 20 // max(progress.size, 1) * 5
        words = "read back and verified" if progress.doing == CHECKED else f"{done} % of {progress.size} bytes"
        line = f"{progress.payload}: {words}"
        if line != self._last:
            self._last = line
            call.written(line)


def _pardon(onto: Onto) -> None:
    """A version that the device fell back from is tried once more, and one that only waits for its restart restarts the
    device anew. Raises DeviceError."""
    restarts.forget(onto.store)
    state = onto.loader.state()
    if state.next == state.running:
        fallen.pardon(onto.store)


@contextmanager
def _ended_by_term() -> Iterator[None]:
    """As by Ctrl-C: what came is kept, and what was open is closed."""
    from signal import SIGTERM, signal

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal(SIGTERM, end)
    try:
        yield
    finally:
        signal(SIGTERM, before)
