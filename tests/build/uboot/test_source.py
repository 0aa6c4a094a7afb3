"""U-Boot's sources, and where they are fetched from."""

from pathlib import Path

import pytest

from firmward.build.uboot import source
from firmward.model.errors import ToolError

CHANGELOG = """u-boot (2023.01+dfsg-2+deb12u9) bookworm; urgency=medium

  * Words.

 -- Some Body <somebody@example.org>  Tue, 14 Nov 2023 22:13:20 +0000

u-boot (2022.10) unstable; urgency=medium
"""
LISTED = """http://one.example/debian|bookworm|main
http://one.example/debian|bookworm|contrib
http://one.example/debian|bookworm-updates|main
http://one.example/security|bookworm-security|main
http://one.example/debian|trixie|main
http://other.example/apt|stable|main
"""


def quiet(_: str) -> None:
    pass


def changelog(cache: Path, text: str) -> Path:
    folder = cache / "sources" / "u-boot"
    (folder / "debian").mkdir(parents=True)
    (folder / "debian" / "changelog").write_text(text)
    return folder


def answers(monkeypatch: pytest.MonkeyPatch, listed: str, asked: list[list[str]]) -> None:
    def run(command: tuple[str, ...], **_: object) -> str:
        asked.append(list(command))
        return listed

    monkeypatch.setattr(source, "run", run)
    monkeypatch.setattr(source, "require", lambda *_: None)


def test_version_and_time_are_those_of_the_newest_entry(tmp_path: Path) -> None:
    folder = changelog(tmp_path, CHANGELOG)
    assert source.source(tmp_path, quiet) == source.Source(folder, "2023.01+dfsg-2+deb12u9", 1700000000)


@pytest.mark.parametrize("text", ["", "nothing", CHANGELOG.replace("2023.01+dfsg", "2024.01+dfsg"), "\0" * 99])
def test_another_source_is_refused(text: str, tmp_path: Path) -> None:
    changelog(tmp_path, text)
    with pytest.raises(ToolError, match="fetched anew"):
        source.source(tmp_path, quiet)


def test_only_this_machines_own_sources_of_the_release_are_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answers(monkeypatch, LISTED, [])
    settings = source._settings(tmp_path)
    lines = (tmp_path / "sources.list").read_text().splitlines()
    assert [line.split(" ", 2)[2] for line in lines] == [
        "http://one.example/debian bookworm main",
        "http://one.example/debian bookworm-updates main",
        "http://one.example/security bookworm-security main",
    ]
    assert all(line.startswith(f"deb-src [signed-by={source.KEYRING}] ") for line in lines)
    assert f"--option=Dir::State::Lists={tmp_path / 'lists'}" in settings


def test_a_machine_without_sources_of_the_release_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    answers(monkeypatch, "http://other.example/apt|stable|main\n", [])
    with pytest.raises(ToolError, match="no source of apt on this machine names Debian bookworm"):
        source.source(tmp_path, quiet)
    assert list((tmp_path / "sources").iterdir()) == []


def test_a_download_that_brings_nothing_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    answers(monkeypatch, LISTED, [])
    with pytest.raises(ToolError, match=r"no source of u-boot 2023\.01"):
        source.source(tmp_path, quiet)
    assert list((tmp_path / "sources").iterdir()) == []


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_debians_archive_has_it(tmp_path: Path) -> None:
    try:
        found = source.source(tmp_path, quiet)
    except ToolError as error:
        if "Failed to fetch" in str(error) or "resolve" in str(error):
            pytest.skip(f"Debian's archive is out of reach: {error}")
        raise
    assert found.version.startswith("2023.01")
    assert (found.folder / "configs" / "qemu_arm64_defconfig").is_file()
