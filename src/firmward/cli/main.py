"""The `firmward` command. Each verb is one file, imported when it is called, so that `--help` answers at once."""

import io
import os
import signal
import sys
from typing import Annotated

import typer

from firmward.model.errors import FirmwardError

EXIT_WRONG = 2
"""The input or the command is wrong."""
EXIT_BUG = 70
"""A fault of firmward's own (EX_SOFTWARE of sysexits.h)."""
EXIT_INTERRUPTED = 130
INTERRUPTED = "interrupted, nothing is half-written"
EXIT_SIGNAL = 128
"""Added to the number of a signal that ended the command, as shells do."""


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"firmward {version('firmward')}")
        raise typer.Exit


def _firmward(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    pass


def command_line() -> typer.Typer:
    from firmward.cli import (
        audit,
        build,
        cat,
        chain,
        checks,
        diff,
        doctor,
        explain,
        extract,
        harden,
        init,
        keys,
        lab,
        life,
        ls,
        parts,
        policy,
        release,
        verify,
        vulns,
    )
    from firmward.cli.command import plainly

    app = typer.Typer(
        name="firmward",
        help="Audit, harden, prove and look after embedded Linux devices over their whole life.",
        no_args_is_help=True,
        rich_markup_mode="markdown",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_firmward)
    audited = (audit, cat, chain, checks, diff, doctor, explain, extract, init, life, ls, parts, policy, vulns)
    for verb in (*audited, build, harden, keys, lab, release, verify):
        verb.add_to(app)
    plainly(app)
    return app


class Ended(BaseException):
    """A signal asks the command to end; what is under way is undone on the way out."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def ended(number: int, _: object) -> None:
    """A handler of signals."""
    raise Ended(number)


def run() -> None:
    """The console script: a user never sees a traceback, unless FIRMWARD_DEBUG asks for it."""
    try:
        _prepare()
        command = command_line()
        try:
            command()
        finally:
            _flush()
    except FirmwardError as error:
        _fail(str(error), EXIT_WRONG)
    except KeyboardInterrupt:
        _fail(INTERRUPTED, EXIT_INTERRUPTED)
    except SystemExit as left:
        if left.code == EXIT_INTERRUPTED:  # typer makes this of Ctrl-C, without a word
            _fail(INTERRUPTED, EXIT_INTERRUPTED)
        raise
    except Ended as end:
        _fail(f"ended by {signal.Signals(end.number).name}, nothing is half-written", EXIT_SIGNAL + end.number)
    except BrokenPipeError:  # whoever read our output has gone
        sys.exit(EXIT_WRONG)
    except OSError as error:  # stdout on a full disk, say; what is read reports its own errors
        _fail(f"{error.filename or 'output'}: {error.strerror or error}", EXIT_WRONG)
    except Exception as fault:
        if os.environ.get("FIRMWARD_DEBUG"):
            raise
        _fail(f"internal error, {type(fault).__name__}: {fault} (FIRMWARD_DEBUG=1 shows where)", EXIT_BUG)


def _flush() -> None:
    """Write out what is still held: at the interpreter's own end a failure would be a traceback and exit code 120."""
    try:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.flush()
    except OSError:
        # pointing stdout elsewhere keeps the interpreter's last flush quiet
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


def _prepare() -> None:
    """Signals end the command in order, and a terminal without UTF-8 gets `?` for what it cannot show."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup has SIGHUP ignored
            signal.signal(number, ended)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _fail(message: str, code: int) -> None:
    from firmward.audit.redact import visible

    typer.secho(f"firmward: {visible(message)}", err=True, fg="red" if sys.stderr.isatty() else None)
    sys.exit(code)
