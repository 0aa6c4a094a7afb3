"""The update client beside python-tuf's own (`tuf.ngclient`): the same repository, behind the same server."""

import http.server
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from measure import Cost, best_in_turn, cost, table
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    SuccinctRoles,
    TargetFile,
    Targets,
    Timestamp,
)

PROJECT = Path(__file__).resolve().parents[1]
BITS = 10
MANY = 100_000
"""Targets in `2 ** BITS` bins."""
PATH = "camera/stable/board-0.json"
OURS = f"""
import sys, time
sys.path.insert(0, {str(PROJECT / "src")!r})
from pathlib import Path
from firmward.trust.client import Client
from firmward.trust.store import Store
from firmward.trust.trusted import Moment
from firmward.trust.web import Web
kept, url, path = sys.argv[1:]
web = Web(url)
client = Client(Store(Path(kept)), web, web, Moment(int(time.time())))
print(client.target(path).length)
"""
THEIRS = """
import sys
from tuf.ngclient import Updater
kept, url, path = sys.argv[1:]
updater = Updater(kept, url + "/", bootstrap=None)
updater.refresh()
print(updater.get_targetinfo(path).length)
"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def repository(folder: Path, count: int) -> None:
    """`count` targets: named by the top where it is one, in bins where there are many."""
    now = datetime.now(UTC).replace(microsecond=0)
    signer = CryptoSigner.generate_ed25519()
    root, targets = Root(expires=now + timedelta(days=300)), Targets(expires=now + timedelta(days=300))
    for role in ("root", "timestamp", "snapshot", "targets"):
        root.add_key(signer.public_key, role)
    snapshot, timestamp = Snapshot(expires=now + timedelta(days=7)), Timestamp(expires=now + timedelta(days=1))
    files = {path: TargetFile.from_data(path, path.encode(), ["sha256"]) for path in map(board, range(count))}
    if count == 1:
        targets.targets = files
    else:
        bins = SuccinctRoles([signer.public_key.keyid], 1, BITS, "bin")
        targets.delegations = Delegations({signer.public_key.keyid: signer.public_key}, None, bins)
        binned = {name: Targets(expires=now + timedelta(days=300)) for name in bins.get_roles()}
        for path, file in files.items():
            binned[bins.get_role_for_target(path)].targets[path] = file
        for name, role in binned.items():
            write(folder, f"1.{name}", role, signer)
            snapshot.meta[f"{name}.json"] = MetaFile(1)
    write(folder, "1.root", root, signer)
    write(folder, "1.targets", targets, signer)
    write(folder, "1.snapshot", snapshot, signer)
    write(folder, "timestamp", timestamp, signer)


def board(number: int) -> str:
    return f"camera/stable/board-{number}.json"


def write(folder: Path, name: str, signed: Root | Timestamp | Snapshot | Targets, signer: CryptoSigner) -> None:
    metadata = Metadata(signed)
    metadata.sign(signer)
    (folder / f"{name}.json").write_bytes(metadata.to_bytes())


@contextmanager
def served(folder: Path) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def asked(program: str, kept: Path, root: Path, url: str, *, is_first: bool) -> Cost:
    """A client that has its first root alone, or all that is current."""
    if is_first:
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir()
        shutil.copyfile(root, kept / "root.json")
    return cost((sys.executable, "-c", program, str(kept), url, PATH))


def rows(count: int, rounds: int, label: str) -> list[list[str]]:
    with tempfile.TemporaryDirectory() as name:
        folder, kept = Path(name, "repository"), {"ours": Path(name, "ours"), "theirs": Path(name, "theirs")}
        folder.mkdir()
        repository(folder, count)
        made = []
        with served(folder) as url:
            for words, is_first in (("first time", True), ("nothing new", False)):
                jobs = [
                    partial(asked, program, kept[who], folder / "1.root.json", url, is_first=is_first)
                    for who, program in (("theirs", THEIRS), ("ours", OURS))
                ]
                theirs, ours = best_in_turn(jobs, rounds)
                made.append(row(f"{label}, {words}", "tuf.ngclient", theirs, theirs))
                made.append(row("", "firmward", ours, theirs))
        return made


def row(job: str, program: str, one: Cost, beside: Cost) -> list[str]:
    return [job, program, f"{one.cpu * 1000:.0f}", f"{one.cpu / beside.cpu:.2f}"]


def section(rounds: int) -> str:
    made = [*rows(1, rounds, "one target"), *rows(MANY, rounds, f"{MANY:,} targets in {2**BITS:,} bins")]
    from tuf import __version__

    return "\n".join(
        [
            "## Update client",
            "",
            "From the start of the interpreter until a target's digest is known, over HTTP on loopback:",
            "",
            table(["repository", "client", "ms CPU", "ratio"], made),
            "",
            f"python-tuf {__version__}.",
        ]
    )
