"""Which root a device begins with: that of its verified image, and those that followed it.

What lies on storage that can be written proves nothing: whoever swaps it would bring a root of his own. So the image's
root is where trust begins at every start, and each root that came later is kept, and is verified anew as the one that
follows. A factory reset, or a newer image, leaves nothing to be decided: what does not follow counts for nothing.
"""

from pathlib import Path

from firmward.model.errors import TrustError
from firmward.trust import trusted as states
from firmward.trust.metadata import ROOT
from firmward.trust.store import Store
from firmward.trust.trusted import Trusted


class AnchoredStore(Store):
    """A store (store.py) whose root is the image's, or the last of those that follow it."""

    def __init__(self, folder: Path, anchor: bytes) -> None:
        super().__init__(folder)
        self._anchor = anchor

    def recall(self, role: str) -> bytes | None:
        return self._newest()[0] if role == ROOT else super().recall(role)

    def keep(self, role: str, content: bytes) -> None:
        """A root is kept only after it was found to follow: that is when the client keeps it. Raises DeviceError."""
        super().keep(_name(states.first_root(content).root.version) if role == ROOT else role, content)

    def newest(self) -> Trusted:
        """The root alone, and nothing under it yet. Raises TrustError where the image's own is none."""
        return self._newest()[1]

    def _newest(self) -> tuple[bytes, Trusted]:
        newest, trusted = self._anchor, states.first_root(self._anchor)
        while (content := super().recall(_name(trusted.root.version + 1))) is not None:
            try:
                trusted = states.with_root(trusted, content)
            except TrustError:
                break  # damaged, or somebody else's: the repository is asked for it again
            newest = content
        return newest, trusted


def _name(version: int) -> str:
    return f"{version}.{ROOT}"
