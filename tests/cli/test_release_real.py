"""A real build, released, and taken by python-tuf's client and by the device's own. `make demo` leaves the build."""

import hashlib
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import stores
from built_device import PROJECT
from stock_client import StockClient

from firmward.signing.role import Role
from firmward.trust.client import Client
from firmward.trust.folder import Folder
from firmward.trust.store import Store
from firmward.trust.trusted import Moment
from firmward.update import manifest

DEMO = PROJECT / "build" / "demo"
PATH = "camera/stable/qemu-arm64.json"


def firmward(folder: Path, *words: str) -> str:
    command = [sys.executable, "-c", "from firmward.cli.main import run; run()", *words]
    env = {**os.environ, "FIRMWARD_PASSPHRASE_FILE": str(folder / "passphrase")}
    env.pop("SOURCE_DATE_EPOCH", None)
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


@pytest.mark.proof
@pytest.mark.skipif(not (DEMO / "signed").is_dir(), reason="make demo has not been run")
def test_a_real_build_is_released_and_taken_byte_for_byte(tmp_path: Path) -> None:
    stores.secret_file(tmp_path)
    stores.make_store(tmp_path / "office", Role.UPDATE_ROOT, Role.TARGETS, Role.RELEASE)
    stores.make_store(tmp_path / "server", Role.SNAPSHOT, Role.TIMESTAMP)
    shutil.copytree(DEMO / "keys", tmp_path / "keys")  # public halves are all that is needed of them
    release = ["release", "root", "--store", "office", "--store", "server", "-o", "draft-1"]
    told = firmward(tmp_path, *release)
    for number, made in enumerate(
        (
            None,
            ["release", "delegate", "camera", "stable", "--store", "office", "-o", "draft-2"],
            ["release", "new", str(DEMO / "signed"), "--channel", "stable", "-o", "draft-3"],
        ),
        1,
    ):
        told = firmward(tmp_path, *made) if made else told
        firmward(tmp_path, "release", "sign", f"draft-{number}", "--store", "office")
        firmward(tmp_path, "release", "publish", f"draft-{number}", "--store", "server")
    assert "signatures, dates and 9 files hold" in firmward(tmp_path, "release", "verify", "repository")
    repository = tmp_path / "repository"
    root = (repository / "metadata/1.root.json").read_bytes()
    (tmp_path / "device").mkdir()
    store = Store(tmp_path / "device")
    store.keep("root", root)
    now = Moment(int(datetime.now(UTC).timestamp()))
    client = Client(store, Folder(repository / "metadata"), Folder(repository / "targets"), now)
    taken = client.read(client.target(PATH), manifest.SIZE_LIMIT, manifest.parse)
    stock = StockClient(tmp_path / "stock", root).fetched(repository, PATH)
    assert stock is not None
    assert manifest.parse(stock) == taken.value
    assert len(taken.signed_by) == 1
    for payload, name in zip(taken.value.payloads, ("boot.fit", "root.img"), strict=True):
        lies = repository / "targets/blobs" / payload.sha256
        with lies.open("rb") as file, (DEMO / "signed/slot" / name).open("rb") as built:
            assert hashlib.file_digest(file, "sha256").digest() == hashlib.file_digest(built, "sha256").digest()
    assert taken.value.verity is not None
