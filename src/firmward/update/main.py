"""`python3 -m firmward.update`: what a device asks and is asked about its updates.

    check     is there an update? from the server that the image names, or out of a folder, as on a stick
    install   the same, and install it into the slot that does not run; a restart begins with it
    status    what runs, what both slots hold, what is being installed, and what the last check came to
    rollback  begin with the version in the other slot at the next restart
    confirm   what runs has proved itself: have it kept, and raise the rollback floor to it

Exit codes: 0 nothing to be done, 10 there is an update, 11 one is installed and a restart begins with it, 1 what was
offered is refused, 2 the call or the image is wrong, 3 nobody can tell now, or it cannot be done now: try again, and
what came already is gone on with.
"""

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from firmward.model.errors import FirmwardError
from firmward.trust.store import Store
from firmward.update.call import Call
from firmward.update.codes import CODES, code_of
from firmward.update.machine import Machine
from firmward.update.outcome import UNKNOWN, printable
from firmward.update.this_device import IMAGE, STATE, ThisDevice

if TYPE_CHECKING:
    import argparse

USUAL = Machine()


def main(words: list[str] | None = None, machine: Machine = USUAL) -> int:
    options = _parser().parse_args(words)
    here = ThisDevice(options.image, options.state, machine.command_line)
    try:
        known = here.identity()
        here.prepare(known)
        run: Callable[[Call], int] = import_module(f"firmward.update.verbs.{options.verb}").run
        return run(Call(options, here, machine, known, Store(here.state)))
    except FirmwardError as error:
        sys.stderr.write(f"firmward update: {printable(str(error))}\n")
        return code_of(error)
    except KeyboardInterrupt:
        sys.stderr.write("firmward update: stopped; what came is kept, and is gone on with next time\n")
        return CODES[UNKNOWN]


def _parser() -> "argparse.ArgumentParser":
    import argparse

    parser = argparse.ArgumentParser(
        prog="firmward.update", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--image", type=Path, default=IMAGE, help="the folder of device.json and root.json")
    parser.add_argument("--state", type=Path, default=STATE, help="the folder that the device keeps its own things in")
    parser.add_argument("--json", action="store_true", help="for programs")
    verbs = parser.add_subparsers(required=True, dest="verb", metavar="check | install | status | rollback | confirm")
    _add_repository(verbs.add_parser("check"))
    install = verbs.add_parser("install")
    _add_repository(install)
    install.add_argument("--now", action="store_true", help="outside of the window for updates too")
    install.add_argument("--again", action="store_true", help="also a version that the device fell back from")
    install.add_argument("--progress", action="store_true", help="tell how far it is where that is no terminal either")
    rollback = verbs.add_parser("rollback")
    for one in (install, rollback):
        one.add_argument("--restart", action="store_true", help="restart the device when there is something to start")
    verbs.add_parser("status")
    confirm = verbs.add_parser("confirm")
    confirm.add_argument("--health", action="store_true", help="if the image's commands say so; restart if they do not")
    confirm.add_argument("--dry-run", action="store_true", help="only say that it would restart")
    return parser


def _add_repository(verb: "argparse.ArgumentParser") -> None:
    named = verb.add_mutually_exclusive_group()
    named.add_argument("place", nargs="?", default="", help="a folder with the repository, or its address")
    named.add_argument("--from", dest="folder", default="", help="a folder with the repository, in place of the server")
