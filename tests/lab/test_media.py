"""What a machine writes to: copies that leave the build and the holes of its disk alone."""

import errno
import os
from io import BytesIO
from pathlib import Path

import pytest
from built_device import small_build

from firmward.lab import media
from firmward.lab.media import Media
from firmward.model.errors import InputError

FLASH = 3 << 19
MIB = 1 << 20


@pytest.fixture
def build(tmp_path: Path) -> Path:
    folder = small_build(tmp_path / "out")
    with (folder / "disk.img").open("r+b") as disk:
        disk.seek(5 * MIB)
        disk.write(b"state" * 100_000)
    return folder


def test_a_copy_has_the_same_bytes_and_the_holes(build: Path) -> None:
    with media.passing(build, FLASH) as written:
        written.disk.seek(0)
        assert written.disk.read() == (build / "disk.img").read_bytes()
        assert os.fstat(written.disk.fileno()).st_blocks * 512 < 4 * MIB


def test_what_is_written_does_not_reach_the_build(build: Path) -> None:
    before = (build / "disk.img").read_bytes()
    with media.passing(build, FLASH) as written:
        written.disk.seek(0)
        written.disk.write(b"written" * 1_000_000)
        written.disk.flush()
    assert (build / "disk.img").read_bytes() == before


def test_a_copy_has_no_name(build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    with media.passing(build, FLASH) as written:
        assert os.fstat(written.disk.fileno()).st_nlink == 0
        assert list((tmp_path / "temporary").iterdir()) == []


def test_new_flash_is_erased(build: Path) -> None:
    with media.passing(build, FLASH) as written:
        written.flash.seek(0)
        assert written.flash.read() == b"\xff" * FLASH


@pytest.mark.parametrize("reason", [errno.EXDEV, errno.EINVAL, errno.ENOSYS])
def test_without_help_from_the_kernel_a_copy_is_the_same(
    build: Path, reason: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(reason, "no")

    monkeypatch.setattr(os, "copy_file_range", refuse)
    with media.passing(build, FLASH) as written:
        written.disk.seek(0)
        assert written.disk.read() == (build / "disk.img").read_bytes()


def test_a_part_is_copied_to_its_place(tmp_path: Path) -> None:
    source = tmp_path / "part"
    source.write_bytes(b"part")
    with (tmp_path / "whole").open("w+b") as whole:
        whole.write(b"." * 20)
        whole.flush()
        media.copy(source, whole, 7)
        whole.seek(0)
        assert whole.read() == b".......part........."


def test_zeroed_is_that_range_and_no_more() -> None:
    target = BytesIO(b"x" * (2 * MIB + 100))
    media.zero(target, 10, MIB + 5)
    found = target.getvalue()
    assert found == b"x" * 10 + bytes(MIB + 5) + b"x" * (MIB + 85)


def test_kept_media_go_on_where_they_were(build: Path, tmp_path: Path) -> None:
    prepared: list[Media] = []
    for expected in (0, 7):
        with media.kept(tmp_path / "kept", build, FLASH, prepared.append) as written:
            written.disk.seek(100)
            assert written.disk.read(1) == bytes([expected])
            written.disk.seek(100)
            written.disk.write(b"\7")
    assert len(prepared) == 1


def test_media_of_another_build_are_not_taken_for_this_ones(build: Path, tmp_path: Path) -> None:
    with media.kept(tmp_path / "kept", build, FLASH):
        pass
    (build / "build.json").write_bytes((build / "build.json").read_bytes() + b"\n")
    with pytest.raises(InputError, match="another build"), media.kept(tmp_path / "kept", build, FLASH):
        pass


def test_media_that_were_left_half_made_are_made_again(build: Path, tmp_path: Path) -> None:
    def fail(_: Media) -> None:
        raise InputError("interrupted")

    with pytest.raises(InputError), media.kept(tmp_path / "kept", build, FLASH, fail):
        pass
    with media.kept(tmp_path / "kept", build, FLASH) as written:
        written.flash.seek(0)
        assert written.flash.read() == b"\xff" * FLASH


def test_a_full_disk_is_told_with_what_to_do(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(media, "erase", fail)
    with pytest.raises(InputError, match="TMPDIR"), media.passing(build, FLASH):
        pass
