"""`firmward lab boot OUT`: start a build, and follow it until it is healthy."""

import json
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from firmward.cli.console import Color, ColorOption

if TYPE_CHECKING:
    from collections.abc import Iterator

    from firmward.lab.boot import Limits, Outcome
    from firmward.lab.device import Device

EXIT_NOT_HEALTHY = 1
EPILOG = """
**Examples**

    firmward lab boot build/out

    firmward lab boot build/out --plain

    firmward lab boot build/out --rounds 5 --json

    firmward lab boot build/out --keep device --slot a

    firmward lab boot build/out --log serial.txt --seconds 300

**Exit codes**

- 0: the device is healthy, in the slot that was expected
- 1: it did not become healthy within its time and its starts, or in another slot
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
    with _log_file(log) as file:
        outcomes = _rounds(device, Limits(seconds, starts), rounds, file, None if as_json else color)
    if as_json:
        typer.echo(json.dumps(_record(device, outcomes), indent=2))
    elsewhere = [one.slot or "unknown" for one in outcomes if slot is not None and one.slot != slot.value]
    if slot is not None and elsewhere:
        typer.echo(f"slot {slot.value} was expected, and it was {elsewhere[0]}", err=True)
    raise typer.Exit(EXIT_NOT_HEALTHY if elsewhere or not all(one.healthy for one in outcomes) else 0)


@contextmanager
def _log_file(path: Path | None) -> "Iterator[IO[bytes] | None]":
    if path is None:
        yield None
    else:
        with path.open("wb") as file:
            yield file


def _rounds(
    device: "Device", limits: "Limits", rounds: int, log: IO[bytes] | None, color: Color | None
) -> list["Outcome"]:
    from firmward.cli.lab_page import Page
    from firmward.lab.boot import boot as start

    if color is None:
        return [start(device, limits, lambda step: None, log) for _ in range(rounds)]
    page = Page(color)
    page.open(device)
    outcomes = []
    for number in range(1, rounds + 1):
        if rounds > 1:
            page.round(number, rounds)
        outcomes.append(start(device, limits, page.step, log))
        page.ended(device, outcomes[-1], limits)
    if rounds > 1:
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
    }
