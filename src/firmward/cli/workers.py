"""Run the same question over several parts at once, in processes of their own.

A worker is forked, so that it reads the opened image where it lies in memory, answers one question through a pipe, and
ends. One that dies, for want of memory say, costs its own part only. None outlives this process for long: whatever ends
the work here, Ctrl-C too, ends the workers, and should this process be killed, they end when nobody reads their answer.
"""

import math
import os
import pickle
import selectors
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from firmward.image import cage

Item = TypeVar("Item")
Answer = TypeVar("Answer")

LONG = 1e6
"""Seconds; a timer takes no infinity."""
TO_END = 5.0
"""Seconds that a worker has to undo what is under way."""
PIECE = 1 << 16
"""Bytes read from a worker at a time."""


def run_each(
    ask: Callable[[Item], Answer],
    items: Sequence[Item],
    jobs: int,
    lost: Callable[[Item, str], Answer],
    ends: float = math.inf,
) -> list[Answer]:
    """The answers in the order of the items; `lost` gives the one of a worker that ended without, or that has not
    ended by `ends` on the monotonic clock."""
    answers = dict(as_they_come(ask, items, jobs, lost, ends))
    return [answers[index] for index in range(len(items))]


def as_they_come(
    ask: Callable[[Item], Answer],
    items: Sequence[Item],
    jobs: int,
    lost: Callable[[Item, str], Answer],
    ends: float = math.inf,
) -> Iterator[tuple[int, Answer]]:
    """The index of an item and its answer, as soon as it is there. Who stops listening ends the rest."""
    crew = _Crew[Item, Answer](ask, lost, ends)
    try:
        yield from crew.run(items, max(jobs, 1))
    finally:
        crew.stop()


@contextmanager
def at_work(
    ask: Callable[[], Answer], lost: Callable[[str], Answer], ends: float = math.inf
) -> Iterator[Callable[[], Answer]]:
    """One worker answers while the block goes on; what it is given waits for the answer. Who leaves ends it."""
    crew = _Crew[None, Answer](lambda _: ask(), lambda _, reason: lost(reason), ends)
    crew.start(0, None)
    answers: list[Answer] = []

    def wait() -> Answer:
        if not answers:
            answers.extend(answer for _, answer in crew.run((), 1))
        return answers[0]

    try:
        yield wait
    finally:
        crew.stop()


@dataclass(slots=True)
class _Worker(Generic[Item]):
    """A process that is at work, the end of the pipe that it answers through, and what it said until now."""

    process: int
    pipe: int
    index: int
    item: Item
    said: bytearray = field(default_factory=bytearray)
    is_late: bool = False


class _Crew(Generic[Item, Answer]):
    def __init__(self, ask: Callable[[Item], Answer], lost: Callable[[Item, str], Answer], ends: float) -> None:
        self._ask = ask
        self._lost = lost
        self._ends = ends
        self._at_work: list[_Worker[Item]] = []

    def run(self, items: Sequence[Item], jobs: int) -> Iterator[tuple[int, Answer]]:
        """Index and answer, in the order in which they come."""
        waiting = list(enumerate(items))[::-1]
        while waiting or self._at_work:
            while waiting and len(self._at_work) < jobs:
                self.start(*waiting.pop())
            for worker in self._listen():
                yield worker.index, self._end(worker)

    def start(self, index: int, item: Item) -> None:
        mine, theirs = os.pipe()
        held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})  # until it is known to `stop`
        try:
            process = os.fork()
            if process == 0:
                for pipe in (mine, *(worker.pipe for worker in self._at_work)):
                    os.close(pipe)  # else a worker would be its own reader when the leader is gone
                signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is for the process that leads
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                signal.pthread_sigmask(signal.SIG_SETMASK, held)
                cage.die_with_parent()
                self._answer(theirs, item)
            os.close(theirs)
            self._at_work.append(_Worker(process, mine, index, item))
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, held)

    def _answer(self, pipe: int, item: Item) -> None:
        """What a worker does: it never returns, and leaves the exit handlers to the process that leads."""
        code = 1
        with suppress(BaseException):
            with os.fdopen(pipe, "wb") as file:
                file.write(pickle.dumps(self._ask(item)))
            code = 0
        os._exit(code)

    def _listen(self) -> list[_Worker[Item]]:
        """Take in what the workers say; gives those that have said all."""
        done = []
        with selectors.DefaultSelector() as selector:
            for worker in self._at_work:
                selector.register(worker.pipe, selectors.EVENT_READ, worker)
            left = min(max(0.0, self._ends - time.monotonic()), LONG)
            ready = selector.select(left)
            for worker in [] if ready else self._at_work:
                os.kill(worker.process, signal.SIGKILL)  # the pipe closes, and it is known as lost
                worker.is_late = True
            for key, _ in ready:
                piece = os.read(key.fd, PIECE)
                key.data.said += piece
                if not piece:
                    done.append(key.data)
        return done

    def _end(self, worker: _Worker[Item]) -> Answer:
        _, status = os.waitpid(worker.process, 0)  # its pipe is closed: it is about to end
        self._at_work.remove(worker)
        os.close(worker.pipe)
        code = os.waitstatus_to_exitcode(status)
        if code == 0:
            answer: Answer = pickle.loads(worker.said)  # noqa: S301 - our own worker's
            return answer
        if worker.is_late:
            return self._lost(worker.item, "the process that judged it did not end in time")
        how = f"was ended by signal {-code}" if code < 0 else "failed"
        return self._lost(worker.item, f"the process that judged it {how} (out of memory?); try --jobs 1")

    def stop(self) -> None:
        """First by a word, so that a worker which has started others can end them, then without."""
        for worker in self._at_work:
            _send(worker.process, signal.SIGTERM)
        limit = time.monotonic() + TO_END
        while time.monotonic() < limit and any(_runs(worker.process) for worker in self._at_work):
            time.sleep(0.01)
        for worker in self._at_work:
            _send(worker.process, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(worker.process, 0)
            os.close(worker.pipe)
        self._at_work.clear()


def _send(process: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, number)


def _runs(process: int) -> bool:
    """Whether it has not ended; it stays to be waited for."""
    with suppress(ChildProcessError):
        return os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    return False
