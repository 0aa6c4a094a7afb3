"""A build as `firmward build` leaves it, small and signed, with a root of its own behind a hash tree."""

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import built_device
import stores

from firmward.build import built, statement
from firmward.build.verity import write_verity
from firmward.signing.key_store import KeyStore
from firmward.signing.role import Role

POLICY = """[device]
product = "camera"
version = "VERSION"
board = "qemu-arm64"

[support]
until = 2031-06-30
contact = "security@example.com"
"""


def signed_build(folder: Path, store: Path, root: Path, version: str, rollback_index: int = 0) -> Path:
    """In `folder`, of the system in `root`, signed by the store's rootfs keys."""
    shutil.rmtree(folder, ignore_errors=True)
    built_device.small_build(folder)
    (folder / "disk.img").unlink()
    (folder / "device.toml").write_text(POLICY.replace("VERSION", version))
    image = folder / "root.squashfs"
    subprocess.run(
        ["mksquashfs", root, image, "-quiet", "-no-progress", "-all-root"], check=True, env={"PATH": os.environ["PATH"]}
    )
    verity = write_verity(image, folder / "slot/root.img", product="camera", version=version)
    image.unlink()
    built_device.described(folder, built_device.SMALL)
    made = replace(built.read(folder), version=version, rollback_index=rollback_index, root_hash=verity.root_hash)
    (folder / built.FILE).write_text(built.to_json(made))
    statement.write(folder, KeyStore.open(store).signers(Role.ROOTFS, stores.known()))
    return folder
