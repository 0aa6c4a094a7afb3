"""`firmward lab shell OUT`: a root shell in the unprotected twin of a build."""

import sys
from typing import Annotated

import typer

from firmward.cli.lab_boot import AsIsOption, KeepOption, OutArgument

EPILOG = """
**Examples**

    firmward lab shell build/out

    firmward lab shell build/out --keep device

    echo 'cat /proc/mounts' | firmward lab shell build/out

Ctrl-] leaves. A key within the first two seconds leads to the boot loader's prompt, as on most devices in the field.

**Exit codes**

- 0: left, or all lines of a pipe were fed
- 2: the input or the command is wrong, a program is missing, or QEMU failed
"""

SecondsOption = Annotated[
    float,
    typer.Option("--seconds", min=1, max=86400, metavar="SECONDS", help="Give up on lines of a pipe after this time."),
]


def add_to(app: typer.Typer) -> None:
    app.command("shell", epilog=EPILOG)(shell)


def shell(
    out: OutArgument,
    as_is: AsIsOption = False,
    keep: KeepOption = None,
    seconds: SecondsOption = 120.0,
) -> None:
    """Open a root shell in the build's unprotected twin: same kernel and system, nothing verified.

    What was built itself lets nobody in, neither on its serial line nor at its boot loader.
    """
    from firmward.lab.device import Kind, opened, refuse_changed
    from firmward.lab.shell import Left, attached, fed

    device = opened(out, Kind.SHELL, keep)
    if not as_is:
        refuse_changed(device)
    typer.echo(f"{device.name}, its unprotected twin with a root shell; Ctrl-] leaves", err=True)
    if sys.stdin.isatty():
        left = attached(device, sys.stdin.fileno(), sys.stdout.fileno())
        typer.echo(f"\n{'left; nothing of it runs any more' if left is Left.USER else left.value}", err=True)
    else:
        fed(device, iter(sys.stdin.buffer.readline, b""), sys.stdout.fileno(), seconds)
