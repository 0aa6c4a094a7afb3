"""A repository asked, and what it comes to: what `check` and `install` have in common."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from firmward.model.errors import DeviceError, InputError, TrustError
from firmward.trust.folder import Folder
from firmward.trust.place import Place
from firmward.update.call import Call
from firmward.update.identity import Identity
from firmward.update.offer import Offer
from firmward.update.outcome import CURRENT, REFUSED, UNKNOWN, UPDATE, Outcome
from firmward.update.question import Question, Reply, repository_at


@dataclass(frozen=True, slots=True)
class Where:
    """`is_far` tells that a line leads there, which may be paid for."""

    place: Place
    is_far: bool


@dataclass(frozen=True, slots=True)
class Found:
    offer: Offer
    reply: Reply
    where: Where


Then = Callable[[Found], Outcome]


def asked(call: Call, then: Then) -> Outcome:
    """What is there, and where it is an update what is made of it. Raises InputError."""
    try:
        device = call.here.device(call.identity, call.floor.read())
        question = Question(device, call.here.roots(), call.here.state, call.machine.wall)
        with where(call.identity, call.options.place or call.options.folder) as found:
            reply = question.ask(repository_at(found.place, device.name))
            if isinstance(reply.answer, Offer):
                return then(Found(reply.answer, reply, found))
            return outcome_of(reply, CURRENT, reply.answer.reason)
    except TrustError as error:
        return Outcome(REFUSED, str(error))
    except DeviceError as error:
        return Outcome(UNKNOWN, str(error))


def is_there(found: Found) -> Outcome:
    version = found.offer.manifest.value.version
    return outcome_of(found.reply, UPDATE, f"version {version} is there", version)


def outcome_of(reply: Reply, word: str, reason: str, version: str = "") -> Outcome:
    return Outcome(word, reason, version, reply.clock, tuple(sorted(reply.expired)))


@contextmanager
def where(identity: Identity, named: str) -> Iterator[Where]:
    """A folder or an address, as it was named; the image's server where nothing was. On a stick it is as on a server.
    Raises InputError where the image names no server either."""
    if named and "://" not in named:
        yield Where(Folder(Path(named)), is_far=False)
        return
    address = named or identity.server
    if not address:
        raise InputError("device.json: names no server; give a folder or an address")
    from firmward.trust.web import Patience, Web

    # whoever drips holds a device for some twenty seconds; a line of the thinnest kind has this rate
    with closing(Web(address, Patience(answer=20.0, rate=1024))) as web:
        yield Where(web, is_far=True)
