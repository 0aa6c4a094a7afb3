"""Mender artifacts as `mender-artifact` writes them, and what it says of them."""

import io
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import samples
from samples import mender

from firmward.image.opening import Image
from firmward.model.report import Part, Role

Only = Callable[[bytes], Image]


def part(image: Image, name: str) -> Part:
    return next(one for one in image.parts if one.id == f"image/{name}")


def artifact(folder: Path, compression: str = "gzip") -> bytes:
    try:
        return mender.artifact(folder, compression)
    except (samples.NoProgramError, subprocess.CalledProcessError) as error:
        pytest.skip(str(error))


def changed(data: bytes, change: Callable[[str, bytes], bytes | None]) -> bytes:
    """The artifact with its members changed, or left out where the change gives None."""
    out = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(data)) as old, tarfile.open(fileobj=out, mode="w") as new:
        for member in old:
            file = old.extractfile(member)
            content = change(member.name, file.read() if file else b"")
            if content is not None:
                member.size = len(content)
                new.addfile(member, io.BytesIO(content))
    return out.getvalue()


@pytest.mark.parametrize("compression", ["gzip", "lzma", "zstd_fast", "none"])
def test_the_payload_is_a_part_under_the_name_the_manifest_has(tmp_path: Path, compression: str, only: Only) -> None:
    image = only(artifact(tmp_path, compression))
    assert image.parts[0].kind == "mender-artifact"
    root = part(image, "data/0000/rootfs.ext4")
    assert (root.kind, root.role) == ("ext", Role.ROOT)
    assert part(image, "header/header-info").kind == "json"
    assert part(image, "header/headers/0000/type-info").kind == "json"
    assert part(image, "manifest").kind == "mender-manifest"
    assert [one.problem for one in image.parts if one.problem] == []


def test_the_program_takes_the_same_artifact(tmp_path: Path, tool) -> None:
    path = tmp_path / "release.mender"
    path.write_bytes(artifact(tmp_path))
    tool("mender-artifact", "validate", path)
    assert b"rootfs.ext4" in tool("mender-artifact", "read", path)


def test_a_changed_payload_is_told_and_still_read(tmp_path: Path, only: Only) -> None:
    def change(name: str, content: bytes) -> bytes:
        if name != "manifest":
            return content
        return b"\n".join(b"0" * 64 + line[64:] if b"rootfs" in line else line for line in content.split(b"\n"))

    root = part(only(changed(artifact(tmp_path), change)), "data/0000/rootfs.ext4")
    assert root.problem == "its SHA-256 is not the one that the manifest states"
    assert root.role is Role.ROOT


def test_a_missing_payload_is_told(tmp_path: Path, only: Only) -> None:
    data = changed(artifact(tmp_path), lambda name, content: None if name.startswith("data/") else content)
    found = part(only(data), "data/0000/rootfs.ext4")
    assert found.problem == "has a checksum in the manifest, and is not in the artifact"


def test_a_damaged_payload_costs_only_itself(tmp_path: Path, only: Only) -> None:
    data = changed(artifact(tmp_path), lambda name, content: content[:40] if name.startswith("data/") else content)
    image = only(data)
    assert part(image, "header/header-info").problem is None
    assert part(image, "data/0000.tar.gz").problem


def test_a_tar_that_only_has_a_version_is_none(tmp_path: Path, only: Only) -> None:
    data = changed(artifact(tmp_path), lambda name, content: b"{}" if name == "version" else content)
    assert only(data).parts[0].kind == "tar"
