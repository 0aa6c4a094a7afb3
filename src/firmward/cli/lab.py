"""`firmward lab`: what was built, started as a virtual device. Each subcommand is a file of its own beside this one."""

import typer

HELP = "Start what was built as a virtual device, or its unprotected twin, under QEMU; attack both."
EPILOG = """
**Examples**

    firmward lab boot build/out

    firmward lab boot build/out --plain

    firmward lab shell build/out

    firmward lab update build/out --to repository --cuts 5

    firmward lab attack build/out --before rootfs.squashfs -o proof.html

A device runs on copies of the build's files and without a network; nothing of it is left when it ends.
"""


def add_to(app: typer.Typer) -> None:
    from firmward.cli import lab_attack, lab_attacks, lab_boot, lab_shell, lab_update

    group = typer.Typer(help=HELP, epilog=EPILOG, no_args_is_help=True, rich_markup_mode="markdown")
    for verb in (lab_boot, lab_shell, lab_update, lab_attack, lab_attacks):
        verb.add_to(group)
    app.add_typer(group, name="lab")
