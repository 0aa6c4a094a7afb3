"""Signals that ask the command to end, held back for the moment in which a process is started.

A signal's handler raises wherever Python happens to be. Between the fork and the line that keeps the process's number
nobody could end the process any more: it would go on writing to a place that is gone. What came meanwhile is delivered
when the block ends, and by then whoever started the process has said how it is ended.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def held() -> Iterator[None]:
    """Signals are Python's to hold in the main thread alone, which is the only one that they are delivered to."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {number: signal.getsignal(number) for number in ENDING}
    # one that is ignored, or ends the process without a word, stays so: the child would inherit the former
    raising = {number: handler for number, handler in before.items() if callable(handler)}
    for one in raising:
        signal.signal(one, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for one, handler in raising.items():
            signal.signal(one, handler)
        for number in came[:1]:
            signal.raise_signal(number)
