"""How often a device restarted by itself for one version: a boot loader that is told to start it, says that it will,
and never does must not keep the device restarting."""

from firmward.formats.canonical_json import encode, parse
from firmward.formats.json_table import Table
from firmward.formats.malformed import Malformed
from firmward.trust.store import Store

FILE = "restarts"
MOST = 3


def counted(store: Store, sha256: str) -> int:
    """For the manifest with this SHA-256."""
    content = store.recall(FILE)
    try:
        table = Table(parse(content or b"{}"), FILE)
        return table.whole("count", most=2**31) if table.text("sha256", 64) == sha256 else 0
    except Malformed:
        return 0


def count(store: Store, sha256: str) -> None:
    """Before it restarts. Raises DeviceError."""
    store.keep(FILE, encode({"sha256": sha256, "count": counted(store, sha256) + 1}))


def forget(store: Store) -> None:
    """Raises DeviceError."""
    store.drop(FILE)
