import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from samples import lay_root, made, run

LIBCONFIG = """software = {{
    version = "1.0";
    hardware-compatibility: [ "1.0", "1.2" ];
    /* one image */
    images: ( {{ filename = "rootfs.squashfs"; type = "raw"; device = "/dev/mmcblk0p2"; sha256 = "{digest}"; }} );
    scripts: ( {{ filename = "update.sh"; type = "shellscript"; }} );
}};
"""


def pack(folder: Path, description: str, members: dict[str, bytes], form: str = "crc") -> bytes:
    """A bundle by the recipe of SWUpdate's manual: the description first, then the images."""
    content = folder / "swu"
    content.mkdir(exist_ok=True)
    (content / "sw-description").write_text(description)
    for name, data in members.items():
        (content / name).write_bytes(data)
    names = "\n".join(("sw-description", *members)).encode()
    return run("cpio", "-o", "-H", form, "--quiet", cwd=content, feed=names)


def members(folder: Path) -> dict[str, bytes]:
    image = made(folder, ("mksquashfs", lay_root(folder), "OUT", "-quiet", "-no-progress"))
    return {"rootfs.squashfs": image, "update.sh": b"#!/bin/sh\nexit 0\n"}


def described(digest: str) -> str:
    return LIBCONFIG.format(digest=digest)


def samples(folder: Path) -> Iterator[bytes]:
    packed = members(folder)
    digest = hashlib.sha256(packed["rootfs.squashfs"]).hexdigest()
    yield pack(folder, described(digest), packed)
    image = {"filename": "rootfs.squashfs", "type": "raw", "sha256": digest}
    yield pack(folder, json.dumps({"software": {"version": "1", "images": [image]}}), packed, "newc")
