"""extract: whatever an image holds, nothing is written outside the new folder and nothing special inside."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import Firmward
from device_image import LONG, MTIME, attack, system

from firmward.image import new_folder
from firmward.image.budget import Budget
from firmward.image.extraction import DEPTH_LIMIT, MANIFEST, Extraction, Links, Nowhere, Store, Written
from firmward.image.inner_link import inner_target
from firmward.image.new_folder import NewFolder
from firmward.model.errors import InputError
from firmward.model.facts import Unavailable
from firmward.model.memory import MemoryTree, link
from firmward.model.tree import Entry, Tree


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return system(tmp_path / "device.tar")


def everything(folder: Path) -> list[Path]:
    return [Path(place) / name for place, folders, files in os.walk(folder) for name in (*folders, *files)]


def entries(out: Path) -> dict[str, dict[str, object]]:
    document = json.loads((out / "firmward-extract.json").read_text(encoding="utf-8"))
    assert document["schema"] == "firmward.extract/1"
    return {entry["path"]: entry for part in document["parts"] for entry in part["entries"]}


def test_files_come_out_as_they_are(firmward: Firmward, image: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    called = firmward("extract", image, "-o", out)
    assert called.code == 0, called.err
    assert (out / "image/etc/passwd").read_text() == "root:x:0:0::/root:/bin/sh\n"
    assert (out / "image/colon:/a:b").read_text() == "colons\n"
    assert (out / "image/etc/passwd").stat().st_mtime == MTIME
    assert (Path(os.fsdecode(bytes(out))) / "image/etc/latin-\udce9").read_text() == "not UTF-8\n"


def test_nothing_is_special_or_anothers(firmward: Firmward, image: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    firmward("extract", image, "-o", out)
    for path in everything(out):
        status = path.lstat()
        assert stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode) or stat.S_ISLNK(status.st_mode)
        assert status.st_uid == os.getuid()
        if stat.S_ISREG(status.st_mode):
            assert stat.S_IMODE(status.st_mode) in (0o644, 0o755)
    assert stat.S_IMODE((out / "image/bin/su").stat().st_mode) == 0o755


def test_links_stay_inside(firmward: Firmward, image: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    firmward("extract", image, "-o", out)
    links = {str(path.relative_to(out / "image")): path for path in everything(out) if path.is_symlink()}
    assert {name: str(path.readlink()) for name, path in links.items()} == {
        "bin/sh": "su",
        "lib/inner": "../etc/passwd",
        "etc/absolute": "passwd",
        "etc/nowhere": "../proc/mounts",
        "a/deep/up": "../../etc/passwd",
        "a/through": "../outside",
    } | ({"loop": "loop/x"} if "loop" in links else {})
    for path in links.values():
        if path.name != "loop":
            assert path.resolve().is_relative_to(out / "image")


def test_links_as_text_or_not_at_all(firmward: Firmward, image: Path, tmp_path: Path) -> None:
    firmward("extract", image, "-o", tmp_path / "text", "--links", "text")
    assert (tmp_path / "text/image/etc/absolute").read_text() == "/etc/passwd"
    firmward("extract", image, "-o", tmp_path / "skip", "--links", "skip")
    assert not (tmp_path / "skip/image/etc/absolute").exists()
    for name in ("text", "skip"):
        assert not any(path.is_symlink() for path in everything(tmp_path / name))


def test_the_manifest_tells_what_the_host_cannot_hold(firmward: Firmward, image: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    firmward("extract", image, "-o", out)
    told = entries(out)
    assert told["dev/console"]["device"] == [5, 1]
    assert told["dev/console"]["written"] is None
    assert told["bin/su"]["mode"] == "4755"
    assert told["bin/su"]["changes"] == ["mode 4755 made 0755"]
    assert told["etc/shadow"]["gid"] == 42
    assert told["etc/caps"]["changes"] == ["extended attributes left out"]
    assert told["etc/absolute"]["target"] == "/etc/passwd"
    assert told["etc/passwd"]["written"] == "image/etc/passwd"
    assert len(str(told["etc/passwd"]["sha256"])) == 64


def test_zeros_stay_holes(firmward: Firmward, image: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    firmward("extract", image, "-o", out)
    written = out / "image/bin/zeros"
    assert written.read_bytes() == bytes(1 << 20) + b"end"
    assert written.stat().st_blocks * 512 < 1 << 17


def test_an_attack_gets_nowhere(firmward: Firmward, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    image = attack(tmp_path / "attack.tar", outside)
    (tmp_path / "place").mkdir()
    out = tmp_path / "place/out"
    called = firmward("extract", image, "-o", out)
    assert called.code == 3  # names that lead out were left out, and one is too deep
    assert "Traceback" not in called.err
    assert list(outside.iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["attack.tar", "outside", "place"]
    assert [path.name for path in (tmp_path / "place").iterdir()] == ["out"]
    for path in everything(out):
        mode = path.lstat().st_mode
        assert stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)
        assert stat.S_ISLNK(mode) or not mode & 0o7000
        if path.is_symlink():
            assert not str(path.readlink()).startswith("/")
            assert path.resolve().is_relative_to(out.resolve())


def test_a_name_that_is_too_long_is_cut(firmward: Firmward, tmp_path: Path) -> None:
    out = tmp_path / "out"
    firmward("extract", attack(tmp_path / "attack.tar", tmp_path / "nowhere"), "-o", out)
    entry = entries(out)[LONG]
    assert str(entry["changes"]).startswith("['name cut from 300 bytes")
    assert (out / str(entry["written"])).read_bytes() == b"a name that no host takes"


def test_only_what_is_named(firmward: Firmward, image: Path, tmp_path: Path) -> None:
    firmward("extract", f"{image}::/etc/passwd", "-o", tmp_path / "one")
    assert [path.name for path in everything(tmp_path / "one") if path.is_file()] == ["firmward-extract.json", "passwd"]
    firmward("extract", f"{image}::/a", "-o", tmp_path / "two")
    assert sorted(path.name for path in (tmp_path / "two/image").iterdir()) == ["a"]


@pytest.mark.parametrize("there", ["folder", "file", "link"])
def test_only_a_new_folder_is_written(firmward: Firmward, image: Path, tmp_path: Path, there: str) -> None:
    out = tmp_path / "out"
    {"folder": out.mkdir, "file": out.touch, "link": lambda: out.symlink_to(tmp_path / "elsewhere")}[there]()
    called = firmward("extract", image, "-o", out)
    assert called.code == 2
    assert "is there already" in called.err
    assert not (tmp_path / "elsewhere").exists()


def test_a_dry_run_writes_nothing(firmward: Firmward, image: Path, tmp_path: Path) -> None:
    called = firmward("extract", image, "--dry-run")
    assert called.code == 0
    assert "Would write" in called.out
    assert "/bin/su: mode 4755 made 0755" in called.out
    assert [path.name for path in tmp_path.iterdir()] == ["device.tar"]


def test_a_budget_that_runs_out_is_told(firmward: Firmward, tmp_path: Path) -> None:
    root = tmp_path / "root"
    for folder in ("etc", "bin"):
        (root / folder).mkdir(parents=True)
    (root / "bin/large").write_bytes(os.urandom(3 << 20))
    (root / "etc/passwd").write_text("root\n")
    called = firmward("extract", root, "-o", tmp_path / "out", "--budget-mib", "1")
    assert called.code == 3
    assert "--budget-mib" in called.err
    assert (tmp_path / "out/image/etc/passwd").exists()
    assert entries(tmp_path / "out")["bin/large"]["written"] is None


def test_a_full_disk_leaves_nothing(
    firmward: Firmward, image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(new_folder.os, "pwrite", full)
    called = firmward("extract", image, "-o", tmp_path / "out")
    assert called.code == 2
    assert "No space left" in called.err
    assert [path.name for path in tmp_path.iterdir()] == ["device.tar"]


@pytest.mark.parametrize(("number", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_interrupted_it_leaves_nothing(image: Path, tmp_path: Path, number: str, code: int) -> None:
    script = (
        "import os, signal, sys, time\n"
        "from firmward.cli.main import run\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # which a background job inherits as ignored
        "os.pwrite = lambda *words: time.sleep(60)\n"
        f"sys.argv = ['firmward', 'extract', {str(image)!r}, '-o', {str(tmp_path / 'out')!r}]\n"
        "run()\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True) as done:
        ends = time.monotonic() + 30
        while not list(tmp_path.glob(".out.*/*")) and time.monotonic() < ends:
            time.sleep(0.05)
        done.send_signal(signal.Signals[number])
        try:
            _, said = done.communicate(timeout=30)
        finally:
            done.kill()
    assert done.returncode == code
    assert "Traceback" not in said
    assert [path.name for path in tmp_path.iterdir()] == ["device.tar"]


def test_a_link_that_comes_in_between_is_not_followed(tmp_path: Path) -> None:
    """Somebody who may write in the half-made folder puts a link where a folder was."""
    outside = tmp_path / "outside"
    outside.mkdir()
    with new_folder.new_folder(tmp_path / "out") as folder:
        (half,) = tmp_path.glob(".out.*")
        folder.add_folder((b"etc",))
        (half / "etc").rmdir()
        (half / "etc").symlink_to(outside)
        (half / "file").symlink_to(outside / "file")
        for path in ((b"etc", b"x"), (b"file",)):
            with pytest.raises(OSError, match=r"directory|exists"):
                folder.add_file(path, [b"out"], mode=0o644)
    assert list(outside.iterdir()) == []


def test_a_file_that_stands_there_is_not_overwritten(tmp_path: Path) -> None:
    with new_folder.new_folder(tmp_path / "out") as folder:
        (half,) = tmp_path.glob(".out.*")
        (half / "file").write_text("another's")
        with pytest.raises(FileExistsError):
            folder.add_file((b"file",), [b"out"], mode=0o644)
        assert (half / "file").read_text() == "another's"


def test_what_came_to_stand_there_meanwhile_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is there already"), new_folder.new_folder(tmp_path / "out"):
        (tmp_path / "out").mkdir()
    assert [path.name for path in everything(tmp_path)] == ["out"]


def test_nobody_else_reaches_into_the_folder_while_it_is_written(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with new_folder.new_folder(tmp_path / "out"):
            (half,) = tmp_path.glob(".out.*")
            assert stat.S_IMODE(half.stat().st_mode) == 0o700
    finally:
        os.umask(before)


def extracted(
    tree: Tree, store: Store, limit: int, links: Links = Links.KEEP_INSIDE
) -> tuple[Extraction, list[Written]]:
    extraction = Extraction(store, links, Budget(), limit)
    return extraction, list(extraction.tree((b"top",), tree))


def test_a_file_longer_than_it_says_is_not_written(tmp_path: Path) -> None:
    class Liar(MemoryTree):
        def chunks(self, entry: Entry) -> Iterator[bytes]:
            yield from [b"x" * 1000] * 1000

    with new_folder.new_folder(tmp_path / "out") as folder:
        extraction, (written,) = extracted(Liar({"file": "short"}), folder, 5000)
    assert written.at is None
    assert "holds more than its listing says" in extraction.tally.lost[0]
    assert list((tmp_path / "out/top").iterdir()) == []


def test_a_file_that_cannot_be_read_is_told_as_lost(tmp_path: Path) -> None:
    class Broken(MemoryTree):
        def chunks(self, entry: Entry) -> Iterator[bytes]:
            raise Unavailable("its blocks are gone")

    with new_folder.new_folder(tmp_path / "out") as folder:
        extraction, (written,) = extracted(Broken({"file": "short"}), folder, 5000)
    assert (written.at, written.lost) == (None, "its blocks are gone")
    assert extraction.tally.lost == ["/file: its blocks are gone"]


def test_folders_are_made_so_deep_only() -> None:
    extraction, found = extracted(MemoryTree({"d/" * 200 + "file": "x"}), Nowhere(), 100)
    assert max(len(written.at or ()) for written in found) == DEPTH_LIMIT + 1
    assert f"nested more than {DEPTH_LIMIT} deep" in extraction.tally.lost[0]


def test_a_dry_run_keeps_the_budget() -> None:
    extraction, found = extracted(MemoryTree({"a": "x" * 60, "b": "x" * 60}), Nowhere(), 100)
    assert [written.lost is None for written in found] == [True, False]
    assert extraction.tally.bytes == 60


def test_a_part_cannot_take_the_place_of_the_manifest(firmward: Firmward, tmp_path: Path) -> None:
    root = tmp_path / "root"
    system(root.with_suffix(".tar"))
    root.mkdir()
    root.with_suffix(".tar").rename(root / "Firmward-Extract.json.tar")
    (root / "Firmward-Extract.json.tar").rename(root / "Firmward-Extract.json")
    called = firmward("extract", root, "-o", tmp_path / "out")
    assert called.code == 0, called.err
    folders = [part["folder"] for part in json.loads((tmp_path / "out" / MANIFEST).read_text())["parts"]]
    assert "Firmward-Extract.json~2" in folders
    assert (tmp_path / "out/Firmward-Extract.json~2/etc/passwd").exists()


def test_equal_systems_are_extracted_once(firmward: Firmward, tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    system(tmp_path / "root/a.tar")
    system(tmp_path / "root/b.tar")
    called = firmward("extract", tmp_path / "root", "-o", tmp_path / "out", "--links", "skip")
    assert called.code == 0, called.err
    assert sum(path.name == "passwd" for path in everything(tmp_path / "out")) == 1


@pytest.mark.parametrize("name", [b"", b".", b"..", b"a/b", b"a\0b"])
def test_what_is_no_name_is_refused(tmp_path: Path, name: bytes) -> None:
    with new_folder.new_folder(tmp_path / "out") as folder:
        assert isinstance(folder, NewFolder)
        with pytest.raises(OSError, match="is not a name"):
            folder.add_file((name,), [b"x"], mode=0o644)


TREE = MemoryTree(
    {
        "a/b/c/file": "x",
        "short": link("a/b/c"),
        "round": link("other"),
        "other": link("round"),
        "usr/lib/x": "x",
        "lib": link("usr/lib"),
    }
)


@pytest.mark.parametrize(
    ("path", "target", "kept"),
    [
        ("l", "a/b/c/file", "a/b/c/file"),
        ("a/l", "../usr/lib/x", "../usr/lib/x"),
        ("a/l", "../lib/x", "../lib/x"),
        ("l", "/a/b", "a/b"),
        ("a/b/l", "/usr/lib/x", "../../usr/lib/x"),
        ("l", "../../etc/shadow", "etc/shadow"),
        ("l", "short/../../..", "."),
        ("l", "short/../file", "a/b/file"),
        ("a/l", "/", ".."),
        ("l", "missing/../../x", "x"),
        ("l", "/round/x", None),
        ("l", "", None),
        ("l", "a\0b", None),
        ("l", "x" * 2000, None),
    ],
)
def test_where_a_link_may_lead(path: str, target: str, kept: str | None) -> None:
    assert inner_target(TREE, path, target) == kept
