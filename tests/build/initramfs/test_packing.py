"""How archives are packed: the packers themselves are witnesses."""

from pathlib import Path
from shutil import which

import pytest
from pe_image import run

from firmward.build.initramfs import archive, packing
from firmward.build.initramfs.archive import Member
from firmward.model.errors import InputError

MEMBERS = (Member("a", content=b"abc" * 1000), Member("b/c", content=bytes(range(256))))


def written(members: tuple[Member, ...], path: Path, compression: str = "none") -> bytes:
    archive.write(members, path, compression)
    return path.read_bytes()


@pytest.mark.parametrize("size", [0, 5_000_000, 9_000_000])
@pytest.mark.parametrize(
    ("compression", "command"),
    [
        ("gzip", ("gzip", "-dc")),
        ("xz", ("xz", "-dc")),
        ("zstd", ("zstd", "-dcq")),
        ("lz4", ("lz4", "-dcq")),
    ],
)
def test_each_packing_is_opened_by_its_own_program(
    tmp_path: Path, compression: str, command: tuple[str, ...], size: int
) -> None:
    if which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    members = (Member("a", content=bytes(range(250)) * (size // 250)),)
    plain = written(members, tmp_path / "plain")
    assert run(*command, feed=written(members, tmp_path / "made", compression)) == plain


def test_xz_is_packed_as_the_kernel_reads_it(tmp_path: Path) -> None:
    archive.write(MEMBERS, tmp_path / "made.xz", "xz")
    said = run("xz", "--list", "--robot", "-vv", tmp_path / "made.xz").decode()
    assert "CRC32" in said
    assert "CRC64" not in said


@pytest.mark.parametrize("compression", packing.COMPRESSIONS)
def test_what_is_cut_off_is_refused(tmp_path: Path, compression: str) -> None:
    whole = written(MEMBERS, tmp_path / "made", compression)
    for length in (0, 3, 40, len(whole) // 2):
        (tmp_path / "cut").write_bytes(whole[:length])
        with pytest.raises(InputError):
            archive.read(tmp_path / "cut")


def test_what_expands_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "EXPANDED_LIMIT", 1000)
    for compression in packing.COMPRESSIONS:
        archive.write((Member("a", content=bytes(2000)),), tmp_path / "made", compression)
        with pytest.raises(InputError, match="expands to more than 1000 bytes"):
            archive.read(tmp_path / "made")


def test_an_unknown_packing_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="known are gzip, xz"):
        archive.write(MEMBERS, tmp_path / "made", "bzip2")
