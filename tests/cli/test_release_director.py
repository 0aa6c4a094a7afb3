"""firmward release director, as those call it who order devices."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import stores
from ceremony import Ceremony, released
from command import Firmward

from firmward.formats.canonical_json import parse
from firmward.formats.json_table import Table
from firmward.signing.role import Role
from firmward.signing.unlock import PASSPHRASE_VARIABLE

NOW = ("--now", "2026-11-22T12:00:00Z")
STORE = ("--store", "director")


@pytest.fixture(autouse=True)
def secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = stores.secret_file(tmp_path)
    monkeypatch.setenv(PASSPHRASE_VARIABLE, str(path))
    monkeypatch.chdir(tmp_path)
    with stores.cheaply():
        yield path


@pytest.fixture
def made(tmp_path: Path) -> Ceremony:
    """A repository with a release, and a director's store."""
    one = released(tmp_path)
    one.person("director", Role.DIRECTOR_ROOT, Role.DIRECTOR)
    return one


def ordered(made: Ceremony, device: str) -> str:
    """Which version; empty for none."""
    newest = max((made.repository / "director" / device / "metadata").glob("*.targets.json"))
    targets = Table(parse(newest.read_bytes()), "it").table("signed").table("targets")
    said = [one.table("custom").table("firmward") for _, one in targets.items(9)]
    return said[0].text("version") if said else ""


def test_from_the_first_root_to_an_order_and_back(firmward: Firmward, made: Ceremony, tmp_path: Path) -> None:
    called = firmward("release", "director", "root", *STORE, *NOW)
    assert called.code == 0, called.err
    assert "firmward build --director-root repository/director/metadata/1.root.json" in called.out
    (tmp_path / "ring.txt").write_text("SN-2\n\n SN-3 \nSN-1\n")
    called = firmward("release", "director", "order", "camera", "SN-1", "--devices", "ring.txt", *STORE, *NOW)
    assert (called.code, called.out) == (0, "1.0: ordered for 3 devices, for 1 day\n"), called.err
    assert firmward("release", "director", "stay", "SN-2", *STORE, *NOW).out == "Nothing is to be installed by SN-2\n"
    assert firmward("release", "director", "renew", *STORE, *NOW).out == "Renewed for 3 devices\n"
    assert [ordered(made, name) for name in ("SN-1", "SN-2", "SN-3")] == ["1.0", "", "1.0"]
    assert firmward("release", "verify", "repository", *NOW).code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("order", "camera", *STORE), "say which devices"),
        (("order", "camera", "SN-1", "--version", "9", *STORE), "offers 1.0 for qemu-arm64, not 9"),
        (("order", "camera", "SN-1", "--board", "rpi4", *STORE), "offers nothing for the board rpi4"),
        (("order", "camera", "SN-1", "--channel", "beta", *STORE), "has no channel beta"),
        (("order", "camera", "SN-1", "--slot", "c", *STORE), "is no slot"),
        (("order", "camera", "../..", *STORE), "no device may be called so"),
        (("order", "camera", "SN-1", "--store", "office"), "0 of the director keys"),
        (("stay", "--devices", "none.txt", *STORE), "none.txt"),
        (("renew", "SN-1", *STORE), "never told anything"),
        (("root", "--store", "server"), "0 keys of the role director-root"),
    ],
)
def test_what_is_wrong_is_told_in_a_line_and_changes_nothing(
    firmward: Firmward, made: Ceremony, words: tuple[str, ...], told: str
) -> None:
    assert firmward("release", "director", "root", *STORE, *NOW).code == 0
    before = sorted(made.repository.rglob("*"))
    called = firmward("release", "director", *words, *NOW)
    assert (called.code, called.out) == (2, "")
    assert told in " ".join(called.err.split())
    assert "Traceback" not in called.err
    assert sorted(made.repository.rglob("*")) == before


@pytest.mark.parametrize("verb", ["root", "order", "stay", "renew"])
def test_help_is_whole_in_a_narrow_terminal(firmward: Firmward, verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    told = firmward("release", "director", verb, "--help").out
    assert max(map(len, told.split("\n"))) <= 80
    assert "Examples" in told
    assert "Exit codes" in told
    assert not re.search(r"<\w", told.partition("Options")[2]), "an option shows a type of Python's"
