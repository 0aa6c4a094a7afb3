"""`firmward lab update OUT`: a build that updates itself, and loses its power meanwhile."""

import tempfile
from contextlib import ExitStack
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firmward.cli.console import Color, ColorOption
from firmward.cli.lab_attack import QuietOption
from firmward.cli.lab_boot import AsIsOption, LogOption, OutArgument

if TYPE_CHECKING:
    from firmward.cli.lab_update_page import Page
    from firmward.lab.device import Device
    from firmward.lab.updating.report import Offered, Report, Setting
    from firmward.lab.updating.rounds import Event, Order
    from firmward.lab.updating.seen import Ending

EXIT_NOT_AS_EXPECTED = 1
EXIT_INTERRUPTED = 130
EPILOG = """
**Examples**

    firmward lab update build/out --to repository

    firmward lab update build/out --to repository --cuts 20 --seed 7 -o report.md

    firmward lab update build/out --to repository --from-stick

    firmward lab update build/out --to repository --expect back

    firmward lab update build/out --to repository --dry-run

The lab's server is http://10.0.2.99:8080, which the policy of the build has to name; a stick needs no server. First
comes a round without a cut, which shows how long each stretch takes, then as many as the cuts need: each begins
with the device as it was built.

**Exit codes**

- 0: it came as expected in each round, and the device serves in the end, kept by its boot loader
- 1: it did not
- 2: the input or the command is wrong, a program is missing, or QEMU failed
- 130: interrupted by Ctrl-C or SIGTERM; what was seen until then is written
"""


class Expected(StrEnum):
    UPDATED = "updated"
    BACK = "back"
    STAYED = "stayed"


ToOption = Annotated[
    Path,
    typer.Option("--to", metavar="REPOSITORY", help="The update repository that is offered.", show_default=False),
]
StickOption = Annotated[bool, typer.Option("--from-stick", help="Put it in on a stick, with no server on the network.")]
CutsOption = Annotated[
    int, typer.Option("--cuts", min=0, max=10000, metavar="N", help="Cut the power at so many random moments.")
]
SeedOption = Annotated[int, typer.Option("--seed", metavar="X", help="Draws the moments: the same for the same seed.")]
ExpectOption = Annotated[
    Expected,
    typer.Option(
        "--expect",
        metavar="WHAT",
        help="updated; back, to the old version after the new one proved nothing; or stayed, since it is refused.",
    ),
]
LimitOption = Annotated[
    float, typer.Option("--seconds", min=1, max=86400, metavar="SECONDS", help="Give up a start after this time.")
]
OutputOption = Annotated[
    list[Path] | None,
    typer.Option(
        "-o", "--output", metavar="FILE", help="Write the report: .json or .md. Repeatable.", show_default=False
    ),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be offered and cut, and start nothing.")]


def add_to(app: typer.Typer) -> None:
    app.command("update", epilog=EPILOG)(update)


def update(
    out: OutArgument,
    to: ToOption,
    from_stick: StickOption = False,
    cuts: CutsOption = 0,
    seed: SeedOption = 0,
    expect: ExpectOption = Expected.UPDATED,
    seconds: LimitOption = 900.0,
    output: OutputOption = None,
    log: LogOption = None,
    as_is: AsIsOption = False,
    dry_run: DryRunOption = False,
    quiet: QuietOption = False,
    color: ColorOption = Color.AUTO,
) -> None:
    """Offer a build an update on its virtual board, and cut its power while it takes it.

    What is told was seen from outside: which slot the boot loader starts, whether Linux calls it healthy, which version
    lies in each slot to the byte, and how much the device took of what was offered.
    """
    from firmward.audit.writing import check_outputs, write_texts
    from firmward.cli.lab_update_page import Page
    from firmward.lab.device import opened, refuse_changed
    from firmward.lab.updating.forms import FORMS, rendered

    outputs = tuple(output or ())
    check_outputs(outputs, forms=FORMS)
    device = opened(out)
    if not as_is:
        refuse_changed(device)
    page = Page(color, quiet=quiet)
    with tempfile.TemporaryDirectory(prefix="firmward-lab-") as name, ExitStack() as stack:
        order, offered = _order(device, Path(name), to, from_stick=from_stick)
        order = replace(order, expected=_ending(expect), cuts=cuts, seed=seed, limit=seconds)
        setting = _setting(order)
        page.open(setting, offered)
        if dry_run:
            page.plan(setting)
            return
        if log is not None:
            order = replace(order, log=stack.enter_context(log.open("wb")))
        report = _followed(order, setting, offered, page)
    page.close(report)
    write_texts([(path, rendered(report, path)) for path in outputs])
    page.wrote(outputs)
    if report.interrupted:
        raise typer.Exit(EXIT_INTERRUPTED)
    raise typer.Exit(0 if report.holds else EXIT_NOT_AS_EXPECTED)


def _ending(expected: Expected) -> "Ending":
    from firmward.lab.updating.seen import Ending

    return Ending[expected.name]


def _order(device: "Device", work: Path, repository: Path, *, from_stick: bool) -> "tuple[Order, Offered]":
    """Raises InputError, and TrustError for a repository that is not whole."""
    from firmward.lab import boot
    from firmward.lab.means.network import declared
    from firmward.lab.updating import offered, way
    from firmward.lab.updating.rounds import Order
    from firmward.lab.updating.slots import built_version, released_version

    policy = offered.policy_of(device)
    found = offered.manifest(device, policy, repository)
    if not from_stick:
        offered.check_server(device, policy)
    base = built_version(device)
    told = offered.told(found, base)
    on_way = way.stick(repository, work) if from_stick else way.FromServer(repository, frozenset(told.kinds))
    own = replace(device, keep=work)
    with boot.written_to(own):  # made once; each round has copies
        pass
    known = (base, released_version(found))
    return Order(own, work, on_way, known, found.version, ports=declared(device.folder)), told


def _setting(order: "Order") -> "Setting":
    from firmward.build import built
    from firmward.cli.judging import judging_day
    from firmward.lab import board
    from firmward.lab.updating.report import Setting
    from firmward.model.version import VERSION

    said, virtual = order.device.said, board.virtual(order.device.said.board)
    return Setting(
        VERSION,
        said.product,
        said.version,
        said.board,
        " ".join((virtual.program, *virtual.arguments)),
        built.digest(order.device.folder / built.FILE),
        judging_day().today.isoformat(),
        order.way.name,
        order.cuts,
        order.seed,
        order.expected,
    )


def _followed(order: "Order", setting: "Setting", offered: "Offered", page: "Page") -> "Report":
    """What was seen until the end, or until an interruption."""
    from firmward.cli.main import Ended
    from firmward.lab.updating.report import Report, rounds
    from firmward.lab.updating.rounds import Rounds

    events: list[Event] = []
    interrupted = False
    try:
        with page.doing("Following the device") as tell:
            for event in Rounds(order).events():
                events.append(event)
                page.event(event)
                tell(page.progress(setting.cuts))
    except (KeyboardInterrupt, Ended):
        interrupted = True
    return Report(setting, offered, *rounds(tuple(events)), interrupted)
