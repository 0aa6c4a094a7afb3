"""`firmward release promote PRODUCT`: the release of one channel, given by another."""

from typing import Annotated

import typer

from firmward.cli import release_options as options
from firmward.cli.release_withdraw import BoardOption, ProductArgument

EPILOG = """
**Examples**

    firmward release promote camera --from beta --to stable --board qemu-arm64 -o draft/

**Exit codes**

- 0: the draft is written
- 1: the release is worse than what the other channel gives now, and nobody has accepted that
- 2: the input or the command is wrong, or the release may not follow
"""


def add_to(group: typer.Typer) -> None:
    group.command("promote", epilog=EPILOG)(promote)


def promote(
    product: ProductArgument,
    source: Annotated[str, typer.Option("--from", metavar="CHANNEL", help="The channel that has it.")],
    to: Annotated[str, typer.Option("--to", metavar="CHANNEL", help="The channel that is to give it too.")],
    board: BoardOption,
    output: options.OutputOption,
    repo: options.RepoOption = options.REPOSITORY,
    days: options.DaysOption = None,
    now: options.NowOption = None,
) -> None:
    """Draft the very release of one channel for another: the same manifest to the byte, and no file is copied.

    What it has worse than the channel's present release has to be accepted in its manifest.
    """
    from firmward.cli.release_gate import check_promoted
    from firmward.signing.release import changes, draft
    from firmward.signing.tuf_repository import channel as named
    from firmward.signing.tuf_repository import existing

    draft.check_new(output)
    state, from_, target = existing(repo), named(product, source), named(product, to)
    made = changes.promoted(state, from_, target, board, options.terms(days), options.moment(now))
    check_promoted(state, from_, target, board)
    options.write_draft(made, output)
