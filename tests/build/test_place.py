"""The place of a build: what is there is an earlier build, or stays."""

import threading
from pathlib import Path

import pytest
from built_device import small_build

from firmward.build import built, place
from firmward.model.errors import InputError


def made(folder: Path, words: str) -> None:
    (folder / "slot" / "boot.fit").write_text(words)


def test_the_new_one_stands_there_and_the_earlier_one_is_gone(tmp_path: Path) -> None:
    out = small_build(tmp_path / "out")
    with place.taken(out, ("slot",)) as folder:
        made(folder, "new")
        assert (out / built.FILE).is_file()
    assert (out / "slot" / "boot.fit").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_came_there_meanwhile_is_not_lost(tmp_path: Path) -> None:
    out = tmp_path / "out"

    def block() -> None:
        with place.taken(out, ("slot",)) as folder:
            made(folder, "new")
            out.mkdir()
            (out / "thesis").write_text("mine")

    with pytest.raises(InputError, match="holds other things"):
        block()
    assert (out / "thesis").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_signal_between_the_two_steps_brings_the_earlier_one_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = small_build(tmp_path / "out")
    rename = Path.rename

    def interrupted(path: Path, target: Path) -> Path:
        if path.name == "new":
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt), place.taken(out, ("slot",)) as folder:
        made(folder, "new")
    assert (out / "slot" / "boot.fit").read_bytes() == b"fit"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_one_exchange_waits_for_the_other(tmp_path: Path) -> None:
    out = tmp_path / "out"
    ended: list[str] = []

    def second() -> None:
        with place.taken(out, ("slot",)) as folder:
            small_build(folder)
            made(folder, "second")
        ended.append("second")

    waiting = threading.Thread(target=second)
    with place._alone(tmp_path):
        waiting.start()
        waiting.join(0.3)
        assert ended == []
    waiting.join()
    assert ended == ["second"]


def test_where_nothing_can_be_written_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(InputError, match=f"^{tmp_path}: cannot be written to"):
        place.check(tmp_path / "deeper" / "still" / "out")
