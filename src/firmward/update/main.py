"""`python3 -m firmward.update`: what a device asks and is asked about its updates.

    check    is there an update? from the server that the image names, or with --from out of a folder, as on a stick
    fetch    the same, and bring its payloads here, verified; nothing is installed
    status   what runs, what keeps the rollback floor, and what the last check came to
    confirm  what runs has proved itself: raise the rollback floor to it

Exit codes: 0 nothing to be done, 10 there is an update, 1 what was offered is refused, 2 the call or the image is
wrong, 3 nobody can tell now: try again.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from firmward.formats.canonical_json import Json, encode
from firmward.model.errors import DeviceError, FirmwardError, InputError, TrustError
from firmward.trust.folder import Folder
from firmward.trust.place import Below, Place
from firmward.trust.store import Store
from firmward.update import fetch as payloads
from firmward.update import outcome
from firmward.update.floors.floor import RollbackFloor
from firmward.update.identity import Identity
from firmward.update.offer import Offer
from firmward.update.outcome import CURRENT, REFUSED, UNKNOWN, UPDATE, Outcome
from firmward.update.question import Question, Reply, repository_at
from firmward.update.this_device import IMAGE, STATE, ThisDevice

if TYPE_CHECKING:
    import argparse

CODES = {CURRENT: 0, UPDATE: 10, REFUSED: 1, UNKNOWN: 3}
WRONG = 2
BLOBS, PAYLOADS = ("targets", "blobs"), "payloads"
"""Where a repository has them (ADR 016), and where the device does."""

Wall = Callable[[], float]


def main(words: list[str] | None = None, wall: Wall = time.time) -> int:
    options = _parser().parse_args(words)
    here = ThisDevice(options.image, options.state)
    try:
        code: int = options.run(options, here, wall)
    except FirmwardError as error:
        sys.stderr.write(f"firmward update: {outcome.printable(str(error))}\n")
        return _code(error)
    return code


def check(options: "argparse.Namespace", here: ThisDevice, wall: Wall) -> int:
    return _asked(options, here, wall, lambda _found, _place: None)


def fetch(options: "argparse.Namespace", here: ThisDevice, wall: Wall) -> int:
    def bring(found: Offer, place: Place) -> None:
        payloads.fetch(found.manifest, Below(place, BLOBS), here.state / PAYLOADS)

    return _asked(options, here, wall, bring)


def _asked(options: "argparse.Namespace", here: ThisDevice, wall: Wall, then: Callable[[Offer, Place], None]) -> int:
    """Ask, and do the rest with an update where there is one."""
    identity = here.identity()
    store = Store(here.state)
    try:
        device = here.device(identity, here.floor(identity).read())
        question = Question(device, here.roots(), here.state, wall)
        with place_of(identity, options.folder) as place:
            reply = question.ask(repository_at(place, device.name))
            if isinstance(reply.answer, Offer):
                then(reply.answer, place)
            found = _told(reply)
    except TrustError as error:
        found = Outcome(REFUSED, str(error))
    except DeviceError as error:
        found = Outcome(UNKNOWN, str(error))
    outcome.keep(store, found)
    _say(options, found.lines(), found.table())
    return CODES[found.outcome]


def status(options: "argparse.Namespace", here: ThisDevice, _wall: Wall) -> int:
    identity, store = here.identity(), Store(here.state)
    floor = here.floor(identity)
    last = outcome.kept(store)
    index, refused = floor.read(), outcome.printable(floor.refused)
    lines = (
        f"{identity.product} {identity.version} on {identity.board}, channel {identity.channel}",
        f"rollback index {identity.rollback_index}, floor {index}, {_keeper(floor)}",
        *((f"what is kept there does not count: {refused}",) if refused else ()),
        *(("never checked",) if last is None else (f"last check: {last.lines()[0]}", *last.lines()[1:])),
    )
    kept: Json = {"index": index, "by": floor.name, "apart": floor.is_kept_apart, "refused": refused}
    table: dict[str, Json] = {
        "schema": outcome.SCHEMA,
        "product": identity.product,
        "board": identity.board,
        "channel": identity.channel,
        "version": identity.version,
        "rollback_index": identity.rollback_index,
        "floor": kept,
        "last": None if last is None else last.table(),
    }
    _say(options, lines, table)
    return 0


def confirm(options: "argparse.Namespace", here: ThisDevice, _wall: Wall) -> int:
    identity = here.identity()
    floor = here.floor(identity)
    floor.raise_to(identity.rollback_index)
    index = floor.read()
    _say(options, (f"the rollback floor is {index}, {_keeper(floor)}",), {"schema": outcome.SCHEMA, "floor": index})
    return 0


@contextmanager
def place_of(identity: Identity, folder: Path | None) -> Iterator[Place]:
    """On a stick it is as on a server. Raises InputError where the image names no server."""
    if folder is not None:
        yield Folder(folder)
        return
    if not identity.server:
        raise InputError("device.json: names no server; give a folder: --from")
    from firmward.trust.web import Patience, Web

    # a root that drips held a device for ten minutes; at this rate the largest metadata takes two
    with closing(Web(identity.server, Patience(answer=20.0, rate=1024))) as web:
        yield web


def _told(reply: Reply) -> Outcome:
    expired = tuple(sorted(reply.expired))
    if isinstance(reply.answer, Offer):
        version = reply.answer.manifest.value.version
        return Outcome(UPDATE, f"version {version} is there", version, reply.clock, expired)
    return Outcome(CURRENT, reply.answer.reason, "", reply.clock, expired)


def _keeper(floor: RollbackFloor) -> str:
    weakness = "" if floor.is_kept_apart else ", which whoever swaps the storage can lower"
    return f"kept by {floor.name}{weakness}"


def _say(options: "argparse.Namespace", lines: tuple[str, ...], table: dict[str, Json]) -> None:
    text = encode(table).decode() if options.json else "\n".join(lines)
    sys.stdout.write(f"{text}\n")


def _code(error: FirmwardError) -> int:
    if isinstance(error, TrustError):
        return CODES[REFUSED]
    return CODES[UNKNOWN] if isinstance(error, DeviceError) else WRONG


def _parser() -> "argparse.ArgumentParser":
    import argparse

    parser = argparse.ArgumentParser(
        prog="firmward.update", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--image", type=Path, default=IMAGE, help="the folder of device.json and root.json")
    parser.add_argument("--state", type=Path, default=STATE, help="the folder that the device keeps its own things in")
    parser.add_argument("--json", action="store_true", help="for programs")
    verbs = parser.add_subparsers(required=True, metavar="check | fetch | status | confirm")
    for name, run in (("check", check), ("fetch", fetch)):
        asked = verbs.add_parser(name)
        asked.add_argument(
            "--from", dest="folder", type=Path, help="a folder with the repository, in place of the server"
        )
        asked.set_defaults(run=run)
    verbs.add_parser("status").set_defaults(run=status)
    verbs.add_parser("confirm").set_defaults(run=confirm)
    return parser
