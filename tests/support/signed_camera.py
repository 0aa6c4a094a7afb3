"""The clean camera and a key store, from which builds are made."""

import re
import shutil
import subprocess
import sys
from datetime import date
from functools import cache
from pathlib import Path

import stores

from firmward.build import image, inputs
from firmward.build.keys import BuildKeys, build_keys
from firmward.model.policy import Policy, parse_policy
from firmward.signing.key_store import KeyStore
from firmward.signing.role import Role

PROJECT = Path(__file__).parents[2]
CAMERA = PROJECT / "examples" / "camera"
POLICY = CAMERA / "device.toml"
CACHE = PROJECT / "build" / "cache"
EPOCH = 1_764_547_200
TODAY = date(2026, 11, 22)


@cache
def camera() -> Path:
    """The folder with what the policy's [build] names."""
    output = PROJECT / "build" / "camera-clean"
    subprocess.run([sys.executable, str(CAMERA / "build.py"), "-o", str(output), "--clean"], check=True)
    return output


def store(folder: Path) -> Path:
    """A key store that costs no second to make and open."""
    with stores.cheaply():
        return stores.make_store(folder, Role.BOOT, Role.ROOTFS)


def keys(store: Path) -> BuildKeys:
    return build_keys(KeyStore.open(store), stores.known(), (), store)


def order(store: Path, text: str | None = None, base: Path | None = None) -> image.Order:
    words = POLICY.read_text(encoding="utf-8") if text is None else text
    declared: Policy = parse_policy(words)
    read = inputs.read(declared, base or camera(), TODAY)
    return image.Order(declared, words, read, keys(store), CACHE, EPOCH)


def quiet(_: str) -> None:
    """What a test does with progress."""


def small(folder: Path) -> Path:
    """The camera's inputs with a kernel of head and banner alone: enough to build, too little to start."""
    shutil.copytree(camera() / "tools", folder / "tools", symlinks=True)
    (folder / "images").mkdir()
    for name in ("rootfs.squashfs", "camera.dtb", "data.ext4"):
        shutil.copy(camera() / "images" / name, folder / "images" / name)
    kernel = (camera() / "images" / "Image").read_bytes()
    banner = kernel.index(b"Linux version ")
    short = kernel[:4096] + kernel[banner : kernel.index(b"\n", banner) + 1] + bytes(1 << 16)
    (folder / "images" / "Image").write_bytes(short)
    return folder


def with_words(**changes: str) -> str:
    """The camera's policy with other values of keys of [build] or [boot], as TOML writes them."""
    text = POLICY.read_text(encoding="utf-8")
    for key, value in changes.items():
        text, found = re.subn(rf"(?m)^{key} = .*$", lambda _, key=key, value=value: f"{key} = {value}", text)
        assert found == 1, key
    return text
