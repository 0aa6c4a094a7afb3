"""`firmward release withdraw PRODUCT`: a release that is not to be installed any more."""

from typing import Annotated

import typer

from firmward.cli import release_options as options

EPILOG = """
**Examples**

    firmward release withdraw camera --channel stable --board qemu-arm64 --reason "Wi-Fi fails" -o draft/

**Exit codes**: 0, or 2 where nothing is to be withdrawn.
"""
ChannelOption = Annotated[str, typer.Option("--channel", metavar="NAME", help="The channel, such as stable.")]
BoardOption = Annotated[str, typer.Option("--board", metavar="NAME", help="The board, as the build names it.")]
ProductArgument = Annotated[str, typer.Argument(metavar="PRODUCT", help="The product, as device.toml has it.")]


def add_to(group: typer.Typer) -> None:
    group.command("withdraw", epilog=EPILOG)(withdraw)


def withdraw(
    product: ProductArgument,
    channel: ChannelOption,
    board: BoardOption,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is signed in.")],
    output: options.OutputOption,
    repo: options.RepoOption = options.REPOSITORY,
    days: options.DaysOption = None,
    now: options.NowOption = None,
) -> None:
    """Draft the channel without its present release for a board.

    Devices that have not installed it will not. The former release comes back where its rollback index is not below;
    else the channel offers nothing. A device never goes back: those that have it keep it, and need a release that
    follows it.
    """
    from firmward.signing.release import changes, draft
    from firmward.signing.tuf_model import Targets
    from firmward.signing.tuf_repository import channel as named
    from firmward.signing.tuf_repository import existing

    draft.check_new(output)
    one, state = named(product, channel), existing(repo)
    made = changes.withdrawn(state, one, board, reason, options.terms(days), options.moment(now))
    options.write_draft(made, output)
    left = made.next[one.role].signed
    followed = isinstance(left, Targets) and one.path(board) in left.targets
    options.say("Devices that have not installed it will not, once this is published.")
    options.say(
        "The former release is offered again; it is not below the one withdrawn."
        if followed
        else f"Nothing is offered to {board} then: there is no former release that devices would take."
    )
    options.say("Devices that have installed it keep it until you publish a release that follows it.")
