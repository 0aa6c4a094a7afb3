"""`firmward lab boot OUT`: start a build, and follow it until it is healthy."""

import json
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from firmward.cli.console import Color, ColorOption
from firmward.model.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from firmward.lab.boot import Limits, Outcome
    from firmward.lab.device import Device

EXIT_NOT_HEALTHY = 1
EPILOG = """
**Examples**

    firmward lab boot build/out

    firmward lab boot build/out --plain

    firmward lab boot build/out --reach

    firmward lab boot build/out --rounds 5 --json

    firmward lab boot build/out --keep device --slot a

    firmward lab boot build/out --log serial.txt --seconds 300

**Exit codes**

- 0: the device is healthy, in the slot that was expected
- 1: it did not become healthy within its time and its starts, or in another slot, or a port did not answer
- 2: the input or the command is wrong, a program is missing, or QEMU failed
"""


class Slot(StrEnum):
    A = "a"
    B = "b"


OutArgument = Annotated[
    Path, typer.Argument(metavar="OUT", help="The folder that a build was written to.", show_default=False)
]
PlainOption = Annotated[
    bool,
    typer.Option("--plain", help="Start its unprotected twin: same kernel and system, nothing verified."),
]
AsIsOption = Annotated[bool, typer.Option("--as-is", help="Start files that were changed after the build, too.")]
SlotOption = Annotated[
    Slot | None,
    typer.Option("--slot", metavar="SLOT", help="Exit with 1 when it runs from the other one.", show_default=False),
]
SecondsOption = Annotated[
    float, typer.Option("--seconds", min=1, max=86400, metavar="SECONDS", help="Give up after this time.")
]
StartsOption = Annotated[
    int, typer.Option("--starts", min=1, max=1000, metavar="N", help="Give up when it starts more often.")
]
RoundsOption = Annotated[
    int, typer.Option("--rounds", min=1, max=100, metavar="N", help="Do so several times, and tell the medians.")
]
KeepOption = Annotated[
    Path | None,
    typer.Option(
        "--keep", metavar="FOLDER", help="Keep disk and flash there, and go on with them.", show_default=False
    ),
]
LogOption = Annotated[
    Path | None,
    typer.Option("--log", metavar="FILE", help="Write there what its serial line says.", show_default=False),
]
ReachOption = Annotated[
    bool,
    typer.Option("--reach", help="Then call from outside what the policy lets listen; all of it has to answer."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs.")]


def add_to(app: typer.Typer) -> None:
    app.command("boot", epilog=EPILOG)(boot)


def boot(
    out: OutArgument,
    plain: PlainOption = False,
    as_is: AsIsOption = False,
    slot: SlotOption = None,
    seconds: SecondsOption = 120.0,
    starts: StartsOption = 8,
    rounds: RoundsOption = 1,
    keep: KeepOption = None,
    log: LogOption = None,
    reach: ReachOption = False,
    as_json: JsonOption = False,
    color: ColorOption = Color.AUTO,
) -> None:
    """Start the virtual device, and follow it until its application is healthy.

    It starts as the board would: boot loader, chosen slot, kernel, root, system. It runs on copies, so that OUT stays
    as it was built.
    """
    from firmward.lab.boot import Limits
    from firmward.lab.device import Kind, opened, refuse_changed

    device = opened(out, Kind.PLAIN if plain else Kind.PROTECTED, keep)
    if not as_is:
        refuse_changed(device)
    ports = _listening(out) if reach else ()
    with _log_file(log) as file:
        order = Order(Limits(seconds, starts), rounds, ports, file)
        outcomes = _rounds(device, order, None if as_json else color)
    if as_json:
        typer.echo(json.dumps(_record(device, outcomes), indent=2))
    elsewhere = [one.slot or "unknown" for one in outcomes if slot is not None and one.slot != slot.value]
    if slot is not None and elsewhere:
        typer.echo(f"slot {slot.value} was expected, and it was {elsewhere[0]}", err=True)
    good = not elsewhere and all(one.healthy and one.serves for one in outcomes)
    raise typer.Exit(0 if good else EXIT_NOT_HEALTHY)


@dataclass(frozen=True, slots=True)
class Order:
    """How often it is started, within which `limits`; `ports` are called once it is healthy."""

    limits: "Limits"
    rounds: int
    ports: tuple[int, ...]
    log: IO[bytes] | None


def _listening(out: Path) -> tuple[int, ...]:
    """The ports that the policy of a build lets listen for others than the device itself. Raises InputError."""
    from firmward.build.image import POLICY
    from firmward.cli.judging import policy_text
    from firmward.model.policy import parse_policy

    policy = parse_policy(policy_text(out / POLICY), str(out / POLICY))
    ports = {one.port for one in policy.listen if one.protocol == "tcp" and one.peer != "local"}
    if not ports:
        raise InputError(f"{out / POLICY}: lets nothing listen for others over TCP; leave --reach out")
    return tuple(sorted(ports))


@contextmanager
def _log_file(path: Path | None) -> "Iterator[IO[bytes] | None]":
    if path is None:
        yield None
    else:
        with path.open("wb") as file:
            yield file


def _rounds(device: "Device", order: Order, color: Color | None) -> list["Outcome"]:
    from firmward.cli.lab_page import Page
    from firmward.lab.boot import boot as start
    from firmward.lab.network import forwards

    if color is None:
        return [
            start(device, order.limits, lambda step: None, order.log, forwards(order.ports))
            for _ in range(order.rounds)
        ]
    page = Page(color)
    page.open(device)
    outcomes = []
    for number in range(1, order.rounds + 1):
        if order.rounds > 1:
            page.round(number, order.rounds)
        outcomes.append(start(device, order.limits, page.step, order.log, forwards(order.ports)))
        page.ended(device, outcomes[-1], order.limits)
    if order.rounds > 1:
        page.medians(device, outcomes)
    return outcomes


def _record(device: "Device", outcomes: list["Outcome"]) -> dict[str, object]:
    from firmward.lab.timing import medians

    return {
        "schema": "firmward.lab/1",
        "product": device.said.product,
        "version": device.said.version,
        "board": device.said.board,
        "kind": device.kind.value,
        "healthy": all(one.healthy for one in outcomes),
        "medians": {stage.value: round(seconds, 3) for stage, seconds in medians(outcomes).items()},
        "rounds": [_round(one) for one in outcomes],
    }


def _round(outcome: "Outcome") -> dict[str, object]:
    steps = [
        {"at": round(step.at, 3), "start": step.start, "what": step.sign.what.value}
        | ({"detail": step.sign.detail} if step.sign.detail else {})
        | ({"slot": step.sign.slot} if step.sign.slot else {})
        for step in outcome.steps
    ]
    return {
        "ending": outcome.ending.value,
        "healthy": outcome.healthy,
        "slot": outcome.slot,
        "starts": outcome.starts,
        "seconds": round(outcome.seconds, 3),
        "steps": steps,
        "log": list(outcome.log),
        "answers": [asdict(one) for one in outcome.answers],
    }
