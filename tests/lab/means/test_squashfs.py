"""A file is changed in its place, and all the others stay what they were."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmward.build.trees import open_tree
from firmward.formats.squashfs import Read
from firmward.lab.attacks import Unseen
from firmward.lab.means import squashfs
from firmward.model.tree import Kind

OWN = b"#!/bin/sh\necho own\n"
SCRIPT = "etc/init.d/S05first"
FILES = {
    SCRIPT: b"#!/bin/sh\n" + b"".join(b"echo step %d of all\n" % number for number in range(90)),
    "etc/init.d/S01short": b"#!/bin/sh\n",
    "etc/shadow": b"root:$1$salt$hash:20000::::::\nftp:*:20000::::::\n",
    "var/large": bytes(range(256)) * 1024,
    "var/whole": b"a line of some text\n" * 6000,
}


@pytest.fixture(scope="module", params=["gzip", "xz"])
def image(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return made(tmp_path_factory.mktemp("root"), "-comp", request.param)


def made(folder: Path, *words: str) -> bytes:
    for name, content in FILES.items():
        (folder / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "tree" / name).write_bytes(content)
    out = folder / "root.squashfs"
    command = ["mksquashfs", str(folder / "tree"), str(out), "-quiet", "-no-progress", "-all-root", *words]
    subprocess.run(command, check=True, capture_output=True)
    return out.read_bytes()


def reader(image: bytes) -> Read:
    return lambda at, size: image[at : at + size]


def patched(image: bytes, patch: squashfs.Patch) -> bytes:
    after = image[: patch.at] + patch.data + image[patch.at + len(patch.data) :]
    assert len(after) == len(image), "nothing moves"
    return after


def contents(image: bytes, folder: Path) -> dict[str, bytes]:
    path = folder / "read.squashfs"
    path.write_bytes(image)
    tree = open_tree(path).tree
    return {one.path: b"".join(tree.chunks(one)) for one in tree.entries() if one.kind is Kind.FILE}


@pytest.mark.parametrize("path", [SCRIPT, "etc/shadow", "var/whole"])
def test_one_file_changes_and_no_other(image: bytes, path: str, tmp_path: Path) -> None:
    patch = squashfs.rewritten(reader(image), path, lambda _: OWN)
    assert patch.data.endswith(b"\0"), "nothing is left of what was there"
    after = patched(image, patch)
    assert contents(after, tmp_path) == {**FILES, path: OWN.ljust(len(FILES[path]), b"\n")}


def test_unsquashfs_reads_it_too(tmp_path: Path) -> None:
    """Of xz it wants the last byte used, which the kernel does not ask for."""
    image = made(tmp_path, "-comp", "gzip")
    path = tmp_path / "after.squashfs"
    path.write_bytes(patched(image, squashfs.rewritten(reader(image), SCRIPT, lambda _: OWN)))
    words = ["unsquashfs", "-n", "-q", "-d", str(tmp_path / "out"), str(path)]
    subprocess.run(words, check=True, capture_output=True)
    assert (tmp_path / "out" / SCRIPT).read_bytes() == OWN.ljust(len(FILES[SCRIPT]), b"\n")


def test_what_is_written_is_made_from_what_was_there(image: bytes, tmp_path: Path) -> None:
    patch = squashfs.rewritten(reader(image), "etc/shadow", lambda before: before.replace(b"$1$salt$hash", b""))
    assert contents(patched(image, patch), tmp_path)["etc/shadow"].startswith(b"root::20000::::::\nftp:*:")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(own=st.binary(min_size=1, max_size=len(FILES[SCRIPT]) // 4))
def test_whatever_is_shorter_fits_or_is_refused(image: bytes, own: bytes, tmp_path: Path) -> None:
    try:
        patch = squashfs.rewritten(reader(image), SCRIPT, lambda _: own)
    except Unseen:
        return
    assert contents(patched(image, patch), tmp_path)[SCRIPT] == own.ljust(len(FILES[SCRIPT]), b"\n")


@pytest.mark.parametrize(
    ("path", "own", "reason"),
    [
        ("etc/init.d/S01short", OWN, "and 19 are wanted"),
        ("etc/none", OWN, "is not in the root"),
        ("var/large", OWN, "another kind or size"),
        ("etc/init.d", OWN, "another kind or size"),
        ("etc/shadow/inside", OWN, "cannot be read"),
    ],
)
def test_what_cannot_be_done_in_its_place_is_told(image: bytes, path: str, own: bytes, reason: str) -> None:
    with pytest.raises(Unseen, match=reason):
        squashfs.rewritten(reader(image), path, lambda _: own)


def test_a_block_never_grows(image: bytes) -> None:
    noise = bytes(7 * number * number % 251 for number in range(len(FILES["var/whole"])))
    with pytest.raises(Unseen, match="bytes now, and had"):
        squashfs.rewritten(reader(image), "var/whole", lambda _: noise)


def test_a_way_to_pack_that_is_not_known_is_told(tmp_path: Path) -> None:
    image = made(tmp_path, "-comp", "lz4")
    with pytest.raises(Unseen, match="packed by lz4"):
        squashfs.rewritten(reader(image), SCRIPT, lambda _: OWN)


def test_names_are_those_of_files_in_order(image: bytes) -> None:
    assert squashfs.names(reader(image), "etc/init.d") == ("S01short", "S05first")
    assert squashfs.names(reader(image), "etc/rc.d") == ()


@pytest.mark.parametrize("image", [b"", b"hsqs", bytes(4096)], ids=["empty", "cut", "zeros"])
def test_what_is_no_squashfs_is_told(image: bytes) -> None:
    with pytest.raises(Unseen, match="no squashfs"):
        squashfs.names(reader(image), "etc")
