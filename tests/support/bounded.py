"""A call within bounds: of the processor's time, and of the memory that it touches.

Time is that of this process, so that a busy machine makes nothing slow. Memory is how far the resident set of this
process grows at most, which the kernel keeps (proc(5): VmHWM, begun anew by writing 5 to clear_refs): what C code takes
counts too, and what an earlier call left free does not.
"""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class OutOfBounds(BaseException):
    """No Exception: nothing that is called may catch it."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """`seconds` of the processor; `memory` in bytes, and besides `times` the size of the input."""

    seconds: float = 5.0
    memory: int = 64 << 20
    times: int = 16


def call(question: Callable[[bytes], object], data: bytes, bounds: Bounds) -> float:
    """The seconds that it took. Raises OutOfBounds, and what the question raises."""
    allowed = bounds.memory + bounds.times * len(data)
    before, started = _watched(), time.process_time()
    with _alarm(bounds.seconds):
        question(data)
    took = time.process_time() - started
    if took > bounds.seconds:
        raise OutOfBounds(f"{took:.1f} s of the processor for {len(data)} bytes")
    peak = _resident("VmHWM")
    if before is not None and peak is not None and peak - before > allowed:
        raise OutOfBounds(f"{peak - before >> 20} MiB for {len(data)} bytes")
    return took


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Ends what runs on; C code is ended when it comes back."""

    def end(*_: object) -> None:
        raise OutOfBounds(f"more than {seconds:g} s of the processor")

    former = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, former)


def _watched() -> int | None:
    """The resident set from which growth counts; None where the kernel does not tell."""
    try:
        CLEAR.write_text("5")
    except OSError:
        return None
    return _resident("VmRSS")


def _resident(name: str) -> int | None:
    try:
        text = STATUS.read_text()
    except OSError:
        return None
    _, found, rest = text.partition(f"{name}:")
    return int(rest.split()[0]) << 10 if found else None
