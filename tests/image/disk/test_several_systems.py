"""Dumps of whole disks that hold several systems: each is found, named as its place is, and audited once."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import partitioned
import pytest

from firmward.image.opening import Image, open_image
from firmward.model.report import Part, Role

MIB = 1 << 20
EXT_SIZE = 4 * MIB


def part(image: Image, name: str) -> Part:
    return next(one for one in image.parts if one.id == f"image/{name}")


@pytest.fixture
def systems(tmp_path: Path, tool: Callable[..., bytes]) -> dict[str, bytes]:
    """Two systems of different releases, a partition of data, and a recovery system packed as squashfs."""
    images = {}
    for name, release in (("first", "12"), ("second", "13"), ("recovery", "11")):
        root = tmp_path / name
        for folder in ("etc", "usr/bin", "usr/lib", "var/lib/dpkg"):
            (root / folder).mkdir(parents=True)
        (root / "bin").symlink_to("usr/bin")
        (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")
        (root / "usr/lib/noise").write_bytes(random.Random(name).randbytes(8192))
        (root / "etc/debian_version").write_text(f"{release}.1\n")
    (tmp_path / "data/log").mkdir(parents=True)
    (tmp_path / "data/log/messages").write_text("started\n" * 50)
    for name in ("first", "second", "data"):
        tool("mke2fs", "-q", "-t", "ext4", "-d", tmp_path / name, tmp_path / f"{name}.ext4", f"{EXT_SIZE // 1024}K")
        images[name] = (tmp_path / f"{name}.ext4").read_bytes()
    tool("mksquashfs", tmp_path / "recovery", tmp_path / "recovery.sqfs", "-quiet", "-no-progress")
    images["recovery"] = (tmp_path / "recovery.sqfs").read_bytes()
    return images


ORDER = ("first", "second", "data", "recovery")


def lay(path: Path, systems: dict[str, bytes]) -> Path:
    """The four at 1, 5, 9 and 13 MiB of a disk of 20."""
    with path.open("r+b") as disk:
        for number, name in enumerate(ORDER):
            disk.seek(MIB + number * EXT_SIZE)
            disk.write(systems[name])
    return path


def empty(path: Path) -> Path:
    with path.open("wb") as disk:
        disk.truncate(20 * MIB)
    return path


@pytest.fixture
def gpt(tmp_path: Path, systems: dict[str, bytes]) -> Path:
    path = empty(tmp_path / "gpt.img")
    partitioned.gpt(path, [(name, 2048 + number * 8192, 4 * MIB) for number, name in enumerate(ORDER)])
    return lay(path, systems)


@pytest.fixture
def mbr(tmp_path: Path, tool: Callable[..., bytes], systems: dict[str, bytes]) -> Path:
    path = empty(tmp_path / "mbr.img")
    table = "".join(f"{2048 + number * 8192},8192,83\n" for number in range(4))
    tool("sfdisk", "-q", path, stdin=table.encode())
    return lay(path, systems)


@pytest.fixture
def raw(tmp_path: Path, systems: dict[str, bytes]) -> Path:
    return lay(empty(tmp_path / "raw.img"), systems)


def releases(image: Image) -> list[str | None]:
    return [root.tree.text("etc/debian_version") for root in image.roots]


@pytest.mark.parametrize("kind", ["gpt", "mbr", "raw"])
def test_every_system_is_audited_for_itself(kind: str, request: pytest.FixtureRequest) -> None:
    image = open_image(request.getfixturevalue(kind))
    assert image.parts[0].kind == kind
    assert releases(image) == ["12.1\n", "13.1\n", "11.1\n"]
    assert [one.part.role for one in image.trees] == [Role.ROOT, Role.ROOT, Role.DATA, Role.ROOT]
    assert [one.problem for one in image.parts if one.problem] == []


def test_partitions_are_named_by_their_table(gpt: Path) -> None:
    assert [one.part.id for one in open_image(gpt).trees] == [f"image/{name}" for name in ORDER]


def test_what_has_no_table_is_named_by_kind_and_place(raw: Path) -> None:
    places = ["ext-0x100000", "ext-0x500000", "ext-0x900000", "squashfs-0xd00000"]
    assert [one.part.id for one in open_image(raw).trees] == [f"image/{place}" for place in places]


@pytest.mark.parametrize("kind", ["gpt", "mbr", "raw"])
def test_names_are_the_same_every_time_and_whatever_the_file_is_called(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    path: Path = request.getfixturevalue(kind)
    shutil.copy(path, tmp_path / "renamed.dd")
    assert open_image(path).parts == open_image(tmp_path / "renamed.dd").parts


def test_a_second_slot_with_the_same_system_is_listed_and_not_audited(gpt: Path, systems: dict[str, bytes]) -> None:
    lay(gpt, {**systems, "second": systems["first"]})
    image = open_image(gpt)
    assert part(image, "second").same_as == "image/first"
    assert releases(image) == ["12.1\n", "11.1\n"]
