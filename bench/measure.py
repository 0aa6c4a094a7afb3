"""What a program costs: CPU, wall time and peak memory, as the kernel counted them, threads and children included."""

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cost:
    """`cpu` and `wall` in seconds, `memory` the peak resident set in MiB; `note` is the last line printed."""

    cpu: float
    wall: float
    memory: int
    note: str = ""


def cost(command: Sequence[str]) -> Cost:
    """Run a program to its end."""
    started = time.monotonic()
    # as installed: modules are compiled once, not at each start
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    output, errors = process.stdout, process.stderr
    assert output is not None
    assert errors is not None
    text, complaint = output.read(), errors.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - started
    output.close()
    errors.close()
    if process.returncode:
        raise SystemExit(f"{command[0]} ended with {process.returncode}: {complaint[-2000:]}")
    lines = text.strip().splitlines()
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss // 1024, lines[-1] if lines else "")


def best(job: Callable[[], Cost], rounds: int) -> Cost:
    """The run with the least CPU: these machines are noisy, and noise only adds."""
    return min((job() for _ in range(rounds)), key=lambda found: found.cpu)


def best_in_turn(jobs: Sequence[Callable[[], Cost]], rounds: int) -> list[Cost]:
    """The round with the least CPU in all. In each the jobs run one after the other, so that a slow minute of the
    machine meets them all."""
    return min(([job() for job in jobs] for _ in range(rounds)), key=lambda found: sum(one.cpu for one in found))


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
