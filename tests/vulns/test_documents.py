"""Documents out of files, folders and archives, and what hostile ones come to."""

import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from pathlib import Path

import pytest
import zstandard
from feeds_made import tarred, zipped

from firmward.formats.malformed import Malformed
from firmward.model.errors import InputError
from firmward.vulns.documents import Budget, documents

FILES = {"a/CVE-1.json": b"one", "b/c/CVE-2.json": b"two" * 100_000}


def read(path: Path, budget: Budget | None = None) -> dict[str, bytes]:
    return {one.name: one.read(1 << 30) for one in documents(path, budget or Budget())}


def laid(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.zip", zipped(FILES)),
        ("x.zip.zip", zipped({"x.zip": zipped(FILES)})),
        ("x.tar.gz", tarred(FILES)),
        ("x.tgz", tarred(FILES)),
        ("x.tar", gzip.decompress(tarred(FILES))),
        ("x.tar.zst", zstandard.compress(gzip.decompress(tarred(FILES)))),
        ("x.tar.xz", lzma.compress(gzip.decompress(tarred(FILES)))),
        ("x", tarred(FILES)),
    ],
)
def test_an_archive_gives_its_members(tmp_path: Path, name: str, content: bytes) -> None:
    assert read(laid(tmp_path / name, content)) == FILES


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.json", b"{}"),
        ("x.json.gz", gzip.compress(b"{}", mtime=0)),
        ("x.json.zst", zstandard.compress(b"{}")),
        ("x.json.xz", lzma.compress(b"{}")),
    ],
)
def test_a_file_is_itself_unpacked(tmp_path: Path, name: str, content: bytes) -> None:
    assert read(laid(tmp_path / name, content)) == {"x.json": b"{}"}


def test_a_folder_is_read_in_order_and_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "f/b").mkdir(parents=True)
    secret = laid(tmp_path / "secret.json", b"secret")
    for name in ("f/b/2.json", "f/b/1.json", "f/0.json.gz"):
        laid(tmp_path / name, gzip.compress(b"x", mtime=0) if name.endswith("gz") else b"x")
    (tmp_path / "f/link.json").symlink_to(secret)
    (tmp_path / "f/out").symlink_to(tmp_path)
    assert list(read(tmp_path / "f")) == ["0.json", "b/1.json", "b/2.json"]


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a/../../b", "x\0y", "é" * 900])
def test_a_name_leads_nowhere(tmp_path: Path, name: str) -> None:
    before = sorted(tmp_path.parent.iterdir())
    found = read(laid(tmp_path / "x.tar.gz", tarred({name: b"x"})))
    assert list(found.values()) == [b"x"]
    assert sorted(tmp_path.parent.iterdir()) == before


def test_what_is_left_of_a_member_is_passed_over(tmp_path: Path) -> None:
    found = [one.name for one in documents(laid(tmp_path / "x.tar.gz", tarred(FILES)), Budget())]
    assert found == list(FILES)


@pytest.mark.parametrize("cut", [1, 10, 100, 1000])
@pytest.mark.parametrize("kind", ["zip", "tar.gz", "json.gz", "json.zst"])
def test_a_cut_file_is_told(tmp_path: Path, kind: str, cut: int) -> None:
    noise = zlib.compress(bytes(range(256)) * 40, 0)
    made = {
        "zip": zipped({"a": noise}),
        "tar.gz": tarred({"a": noise}),
        "json.gz": gzip.compress(noise, 0, mtime=0),
        "json.zst": zstandard.compress(noise),
    }[kind]
    path = laid(tmp_path / f"x.{kind}", made[: len(made) - min(cut, len(made) - 60)])
    with pytest.raises(InputError, match=r"damaged|cut off|directory"):
        read(path)


def test_bombs_end_at_the_budget(tmp_path: Path) -> None:
    zeros = bytes(30 << 20)
    for name, content in (
        ("x.zip", zipped({"a.json": zeros})),
        ("x.json.gz", gzip.compress(zeros, mtime=0)),
        ("x.json.zst", zstandard.compress(zeros)),
        ("x.tar.gz", tarred({"a": zeros})),
        ("x.zip.zip", zipped({"x.zip": zipped({"a.json": zeros})})),
    ):
        with pytest.raises(InputError, match="more than a feed may have"):
            read(laid(tmp_path / name, content), Budget(bytes=1 << 20))


def test_many_members_end_at_the_budget(tmp_path: Path) -> None:
    many = {f"{number}.json": b"" for number in range(100)}
    for name, content in (("x.zip", zipped(many)), ("x.tar.gz", tarred(many))):
        with pytest.raises(InputError, match="more documents"):
            read(laid(tmp_path / name, content), Budget(documents=50))


def test_archives_in_archives_end(tmp_path: Path) -> None:
    content = b"{}"
    for _ in range(8):
        content = zipped({"x.zip": content})
    with pytest.raises(InputError, match="deep in one another"):
        read(laid(tmp_path / "x.zip", content))


def test_a_huge_pax_header_is_refused_unread(tmp_path: Path) -> None:
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=tarfile.PAX_FORMAT) as archive:
        entry = tarfile.TarInfo("x")
        entry.pax_headers = {"comment": "x" * (2 << 20)}
        archive.addfile(entry)
    with pytest.raises(InputError, match="damaged"):
        read(laid(tmp_path / "x.tar", output.getvalue()))


def test_an_encrypted_member_is_told(tmp_path: Path) -> None:
    made = bytearray(zipped({"a.json": b"{}"}))
    made[6] |= 1
    made[made.find(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(InputError, match="encrypted"):
        read(laid(tmp_path / "x.zip", bytes(made)))


def test_a_document_that_is_too_large_for_its_kind_is_malformed(tmp_path: Path) -> None:
    (found,) = documents(laid(tmp_path / "x.zip", zipped({"a.json": b"x" * 11})), Budget())
    with pytest.raises(Malformed, match="more than 10 bytes"):
        found.read(10)


def test_nothing_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read(tmp_path / "none")


def test_a_real_zip_of_another_writer(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a/", "")
        archive.writestr("a/b.json", "stored")
    assert read(tmp_path / "x.zip") == {"a/b.json": b"stored"}
