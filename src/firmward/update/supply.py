"""Where a payload comes from: its sources, one after the other, until one of them gave it.

Rules:

- A source that gives other bytes, too few or too many is given up, and the next one begins anew. What was gone on with
  may be an earlier one's fault: then the source gets a second chance, from the beginning.
- A source that fails for now is kept, with what it gave: a small delta over a bad line is still better than all of the
  payload. Where there is no such file at all, it is given up.
- A delta from what the running slot is known not to hold is passed over, and so is a kind that is not known.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from firmward.model.errors import DeviceError, TrustError
from firmward.trust.place import Place
from firmward.update.landing import Landing
from firmward.update.manifest import Payload, Source
from firmward.update.slots import Holding
from firmward.update.sources.source import Base, Material, Opened

Tell = Callable[[Landing], None]


@dataclass(frozen=True, slots=True)
class Supply:
    """`running` is what the running slot holds, None where that is not known, and `base` reads it."""

    blobs: Place
    base: Callable[[Payload], Base]
    running: Holding | None

    def land(self, landing: Landing, tell: Tell) -> None:
        """Raises TrustError where no source gives the payload, DeviceError where that is not known yet."""
        sources, reasons = landing.payload.sources, []
        while landing.source < len(sources):
            is_continued = landing.came > 0
            try:
                self._pour(sources[landing.source], landing, tell)
            except TrustError as error:
                reasons.append(f"{sources[landing.source].kind}: {error}")
                landing.anew(landing.source if is_continued else landing.source + 1)
            else:
                return
        landing.anew(0)
        raise TrustError(f"{landing.payload.partition}: no source gives it: {'; '.join(reasons)}")

    def _pour(self, source: Source, landing: Landing, tell: Tell) -> None:
        before = landing.came
        if before < landing.payload.size:
            try:
                for piece in self._opened(source, landing.payload).pieces(before):
                    landing.take(piece)
                    tell(landing)
            except (DeviceError, OSError) as error:
                landing.keep()
                if landing.came == before and self._is_absent(source):
                    raise TrustError(f"{source.blob.sha256}: the repository does not have it") from error
                raise _told(error) from error
        landing.finish()

    def _opened(self, source: Source, payload: Payload) -> Opened:
        """Raises TrustError for one that is passed over."""
        running, base = self.running, source.base
        if running is not None and base is not None and running.has_other(payload.partition, base):
            raise TrustError("starts from what the running slot does not hold")
        opened = _opener(source.kind)
        if opened is None:
            raise TrustError("is of a kind that is not known here")
        return opened(Material(payload, source, self.blobs, self.base(payload)))

    def _is_absent(self, source: Source) -> bool:
        """Raises DeviceError."""
        try:
            return self.blobs.read((source.blob.sha256,), 0) is None
        except TrustError:
            return False  # it has more than no bytes


def _opener(kind: str) -> Callable[[Material], Opened] | None:
    if not kind.isidentifier() or kind.startswith("_"):
        return None
    try:
        module = import_module(f"firmward.update.sources.{kind}")
    except ModuleNotFoundError:
        return None
    opened: Callable[[Material], Opened] | None = getattr(module, "opened", None)
    return opened


def _told(error: DeviceError | OSError) -> DeviceError:
    return error if isinstance(error, DeviceError) else DeviceError(f"the running slot cannot be read: {error}")
