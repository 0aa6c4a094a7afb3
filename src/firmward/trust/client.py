"""A client of a TUF repository: performs what the workflow asks for, and makes `Verified`."""

from collections.abc import Callable, Generator
from typing import TypeVar

from firmward.formats.malformed import Malformed
from firmward.model.errors import DeviceError, TrustError
from firmward.trust import workflow
from firmward.trust.metadata import Root, TargetFile
from firmward.trust.place import Place, Steps
from firmward.trust.store import Store
from firmward.trust.trusted import Moment, Trusted
from firmward.trust.verified import Verified
from firmward.trust.workflow import Drop, Fetch, Keep, Limits, Recall, Request

T = TypeVar("T")
USUAL = Limits()
Timing = Callable[[Root], Moment]
"""What time it is, once the newest root is known (clock.py)."""
_NEVER = Moment(2**62)
"""All has expired: until the root is known."""


class Client:
    """`metadata` and `targets` are where a repository has the two. Every method raises TrustError for what is refused
    and DeviceError for what cannot be had."""

    def __init__(
        self, store: Store, metadata: Place, targets: Place, moment: Moment | Timing, limits: Limits = USUAL
    ) -> None:
        self._store = store
        self._metadata = metadata
        self._targets = targets
        self._timing: Timing = (lambda _: moment) if isinstance(moment, Moment) else moment
        self._moment = _NEVER
        self._limits = limits
        self._trusted: Trusted | None = None

    def refresh(self) -> Trusted:
        """What the repository says now; once for all that is asked afterwards."""
        if self._trusted is None:
            rooted = self._performed(workflow.newest_root(self._limits))
            self._moment = self._timing(rooted.root)
            self._trusted = self._performed(workflow.refresh_under(rooted, self._moment, self._limits))
        return self._trusted

    def target(self, path: str) -> TargetFile:
        """What is said of a target. Raises UnknownTargetError where there is none."""
        trusted = self.refresh()
        self._trusted, found = self._performed(workflow.target(trusted, path, self._moment, self._limits))
        return found

    def read(self, target: TargetFile, limit: int, decode: Callable[[bytes], T]) -> Verified[T]:
        """A target's content, as `decode` reads it; whose Malformed becomes a TrustError."""
        if target.length > limit:
            raise TrustError(f"{target.path}: is said to have {target.length} bytes, and at most {limit} are taken")
        content = self._targets.read(self.place(target), target.length)
        if content is None:
            raise DeviceError(f"{target.path}: the repository does not have it")
        if not target.digests.fit(content):
            raise TrustError(f"{target.path}: is not of the length and digest that {target.role} names")
        try:
            value = decode(content)
        except Malformed as error:
            raise TrustError(f"{target.path}: {error}") from error
        return Verified(value, self.refresh().vouched[target.role].keys)

    def place(self, target: TargetFile) -> Steps:
        """Where the repository has it."""
        if not self.refresh().root.consistent_snapshot:
            return tuple(target.path.split("/"))
        *folders, name = target.path.split("/")
        return (*folders, f"{target.digests.hashes[0][1]}.{name}")

    def _performed(self, asking: Generator[Request, bytes | None, T]) -> T:
        answer: bytes | None = None
        try:
            while True:
                answer = self._answer(asking.send(answer))
        except StopIteration as end:
            value: T = end.value
            return value

    def _answer(self, request: Request) -> bytes | None:
        if isinstance(request, Recall):
            return self._store.recall(request.role)
        if isinstance(request, Fetch):
            version = "" if request.version is None else f"{request.version}."
            return self._metadata.read((f"{version}{request.role}.json",), request.limit)
        if isinstance(request, Keep):
            self._store.keep(request.role, request.content)
        elif isinstance(request, Drop):
            self._store.drop(request.role)
        return None
