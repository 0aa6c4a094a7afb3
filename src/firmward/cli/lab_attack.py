"""`firmward lab attack OUT`: attack a build, and its unprotected twin beside it."""

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firmward.cli.console import Color, ColorOption
from firmward.cli.keys_options import PassphraseOption
from firmward.cli.lab_boot import AsIsOption, OutArgument
from firmward.model.errors import InputError

if TYPE_CHECKING:
    from firmward.lab.pair import Pair

EXIT_NOT_PROVED = 1
EXIT_INTERRUPTED = 130
EPILOG = """
**Examples**

    firmward lab attack build/out --before rootfs.squashfs -o proof.html -o proof.json

    firmward lab attack build/out --dry-run

    firmward lab attack build/out --only fit-unsigned --only hook-directory-drop

    firmward lab attack build/out --older build/older --rounds 5 -o proof.json

    firmward lab attacks

Each attack is run on copies: first on the twin, where it has to succeed, then on the device. The twin is the same
kernel with a stock boot loader, nothing verified, and with --before the system as it was before it was hardened.

**Exit codes**

- 0: every attack that was tried succeeds on the twin and none on the device
- 1: the device did not hold against one, or one did not succeed on the twin, or could not be tried
- 2: the input or the command is wrong, or a program is missing
- 130: interrupted by Ctrl-C or SIGTERM; what was tried until then is written
"""

BeforeOption = Annotated[
    Path | None,
    typer.Option(
        "--before",
        metavar="ROOT",
        help="The root before it was hardened, for the twin: a folder, an image or a tar of one.",
        show_default=False,
    ),
]
OlderOption = Annotated[
    Path | None,
    typer.Option(
        "--older", metavar="OUT", help="An older build of the same maker, for attacks that bring it back.",
        show_default=False,
    ),
]  # fmt: skip
UpdatesOption = Annotated[
    Path | None,
    typer.Option(
        "--updates",
        metavar="DIR",
        help="The maker's update repositories (current, recovered, stale, past, broken), for attacks on updates.",
        show_default=False,
    ),
]
OnlineKeysOption = Annotated[
    Path | None,
    typer.Option(
        "--online-keys",
        metavar="STORE",
        help="The key store of the update server, for the attack that has stolen it.",
        show_default=False,
    ),
]
OnlyOption = Annotated[
    list[str] | None, typer.Option("--only", metavar="ID", help="This attack alone. Repeatable.", show_default=False)
]
OutputOption = Annotated[
    list[Path] | None,
    typer.Option(
        "-o", "--output", metavar="FILE", help="Write the proof: .html, .json or .md. Repeatable.", show_default=False
    ),
]
RoundsOption = Annotated[
    int, typer.Option("--rounds", min=1, max=100, metavar="N", help="Each attack so often; the worst counts.")
]
JobsOption = Annotated[
    int | None,
    typer.Option("--jobs", min=1, max=64, metavar="N", help="Attacks at once.", show_default="processors + 2"),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be tried and what could not be, and start nothing.")
]
QuietOption = Annotated[bool, typer.Option("--quiet", help="Nothing in the terminal; the exit code tells.")]


def add_to(app: typer.Typer) -> None:
    app.command("attack", epilog=EPILOG)(attack)


def attack(
    out: OutArgument,
    before: BeforeOption = None,
    older: OlderOption = None,
    updates: UpdatesOption = None,
    online_keys: OnlineKeysOption = None,
    passphrase_file: PassphraseOption = None,
    only: OnlyOption = None,
    output: OutputOption = None,
    rounds: RoundsOption = 1,
    jobs: JobsOption = None,
    as_is: AsIsOption = False,
    dry_run: DryRunOption = False,
    quiet: QuietOption = False,
    color: ColorOption = Color.AUTO,
) -> None:
    """Attack a build under QEMU, and its unprotected twin beside it: what succeeds there has to fail here.

    Attacks come from outside: the disk on the bench, the serial line, the network. What came of each is seen from
    outside too.
    """
    from firmward.audit.writing import check_outputs, write_texts
    from firmward.cli.lab_attack_page import Page
    from firmward.cli.lab_attack_work import Campaign, Effort
    from firmward.lab.attacks import chosen
    from firmward.lab.campaign import tried
    from firmward.lab.proof.forms import FORMS, rendered

    outputs, attacks = tuple(output or ()), chosen(tuple(only or ()))
    check_outputs(outputs, forms=FORMS)
    page = Page(color, quiet=quiet)
    with tempfile.TemporaryDirectory(prefix="firmward-lab-") as name:
        pair = _pair(out, Path(name), before, older, as_is=as_is)
        if updates is not None:
            pair = _with_updates(pair, updates, online_keys, passphrase_file)
        if dry_run:
            page.plan(pair, *tried(pair, attacks, ()))
            return
        # each waits for much of its time: for an answer that is not to come, or for a device that is not to start
        effort = Effort(rounds, jobs or (os.cpu_count() or 1) + 2)
        proof = Campaign(pair, attacks, effort, page).proof()
    page.close(proof)
    write_texts([(path, rendered(proof, path)) for path in outputs])
    page.wrote(outputs)
    if proof.is_interrupted:
        raise typer.Exit(EXIT_INTERRUPTED)
    raise typer.Exit(0 if proof.holds and not proof.not_tried else EXIT_NOT_PROVED)


def _pair(out: Path, folder: Path, before: Path | None, older: Path | None, *, as_is: bool) -> "Pair":
    """Raises InputError for what is no signed build, or was changed."""
    from firmward.lab.device import opened, refuse_changed
    from firmward.lab.older import unfit
    from firmward.lab.pair import Pair

    device = opened(out)
    if not device.said.boot_key:
        raise InputError(f"{out}: no key signed this build, so there is nothing to attack; build it with a key")
    if before is not None and not before.exists():
        raise InputError(f"{before}: is not there; --before takes a folder, an image or a tar of a root file system")
    past = None if older is None else opened(older)
    if not as_is:
        for one in filter(None, (device, past)):
            refuse_changed(one)
    return Pair(device, folder, before, older, None if past is None else unfit(past.said, device.said))


def _with_updates(pair: "Pair", folder: Path, online: Path | None, passphrase: Path | None) -> "Pair":
    """Raises InputError, and TrustError for a store that is not whole."""
    from firmward.lab.updates import OnlineKeys, Updates, unfit
    from firmward.signing.key_store import KeyStore
    from firmward.signing.unlock import usual_unlock

    if not folder.is_dir():
        raise InputError(f"{folder}: is not there; --updates takes a folder with the repositories")
    keys = None if online is None else OnlineKeys(KeyStore.open(online), usual_unlock(passphrase, None))
    said = pair.device.said
    found = Updates(folder, said.product, said.board, keys)
    return replace(pair, updates=found, updates_unfit=unfit(found, said))
