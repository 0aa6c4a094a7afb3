"""Run the same question over several parts at once, in processes of their own.

A worker is forked, so that it reads the opened image where it lies in memory; it answers through a pipe. A worker that
dies costs its own part and is told by ToolError.
"""

import multiprocessing
import pickle
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from firmward.model.errors import ToolError

Item = TypeVar("Item")
Answer = TypeVar("Answer")

_work: Callable[[int], object] | None = None
"""What the forked workers do; set before the fork, since a closure cannot be sent through a pipe."""


def run_each(ask: Callable[[Item], Answer], items: Sequence[Item], jobs: int) -> list[Answer]:
    """The answers in the order of the items. One item, or one job, stays in this process."""
    if len(items) < 2 or jobs < 2:
        return [ask(item) for item in items]
    global _work  # noqa: PLW0603 - see above
    _work = lambda index: ask(items[index])  # noqa: E731
    try:
        context = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(min(jobs, len(items)), mp_context=context) as pool:
            return [pickle.loads(answer) for answer in pool.map(_run, range(len(items)))]  # noqa: S301 - our own workers
    except BrokenProcessPool as error:
        raise ToolError("a worker process ended early (out of memory?); try --jobs 1") from error
    finally:
        _work = None


def _run(index: int) -> bytes:
    assert _work is not None  # noqa: S101 - set before the fork
    return pickle.dumps(_work(index))
