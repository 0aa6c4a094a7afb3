"""diff and baselines as a user meets them."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from command import Firmward
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from firmward.audit.difference_json import difference_schema


@pytest.fixture
def new(root: Path, tmp_path: Path) -> Path:
    """The system with a service more, a setuid program, a changed mode, and without telnet."""
    folder = tmp_path / "new-rootfs"
    shutil.copytree(root, folder, symlinks=True)
    (folder / "etc/inittab").write_text("::sysinit:/etc/init.d/rcS\n::respawn:/usr/sbin/vsftpd\n")
    (folder / "usr/sbin/vsftpd").write_bytes(b"\x7fELF")
    (folder / "usr/sbin/vsftpd").chmod(0o755)
    (folder / "usr/sbin/backup\x1b[31m").write_bytes(b"\x7fELF")
    (folder / "usr/sbin/backup\x1b[31m").chmod(0o4755)
    (folder / "etc/init.d/rcS").chmod(0o777)
    return folder


def test_a_build_does_not_differ_from_itself(firmward: Firmward, root: Path) -> None:
    called = firmward("diff", root, root)
    assert called.code == 0
    assert "No difference" in called.out


def test_what_changed_is_told_in_every_form(firmward: Firmward, root: Path, new: Path, tmp_path: Path) -> None:
    outputs = tmp_path / "diff.md", tmp_path / "diff.json"
    called = firmward("diff", root, new, *(word for path in outputs for word in ("-o", path)))
    assert called.code == 1
    for text in (called.out, *(path.read_text() for path in outputs)):
        assert "telnet-enabled" in text
        assert "usr/sbin/vsftpd" in text
        assert "\x1b" not in text
    document = json.loads(outputs[1].read_text())
    Draft202012Validator(difference_schema()).validate(document)
    noted = {one["kind"] for tree in document["files"] for one in tree["notable"]}
    assert {"setuid", "program", "world-writable"} <= noted
    assert {one["family"] for one in document["facts"]} == {"startup", "listeners"}


def test_it_prints_markdown_and_json(firmward: Firmward, root: Path, new: Path) -> None:
    assert firmward("diff", root, new, "--format", "markdown").out.startswith("## ")
    assert json.loads(firmward("diff", root, new, "--format", "json").out)["schema"] == "firmward.diff/1"


@pytest.mark.parametrize(("level", "code"), [("never", 0), ("low", 1), ("critical", 1)])
def test_worse_gives_1_at_the_level_asked_for(firmward: Firmward, root: Path, new: Path, level: str, code: int) -> None:
    assert firmward("diff", new, root, "-q", "--fail-on", level).code == code  # telnet comes back


def test_better_gives_0(firmward: Firmward, root: Path, tmp_path: Path) -> None:
    mended = tmp_path / "mended"
    shutil.copytree(root, mended, symlinks=True)
    (mended / "etc/inittab").write_text("::sysinit:/etc/init.d/rcS\n")
    called = firmward("diff", root, mended, "--only", "telnet-enabled")
    assert called.code == 0
    assert "Better: 1 fixed" in called.out


def test_a_report_is_a_side(firmward: Firmward, root: Path, new: Path, tmp_path: Path) -> None:
    report = tmp_path / "old.json"
    firmward("audit", root, "-q", "-o", report)
    called = firmward("diff", report, new)
    assert called.code == 1
    assert "only a report is at hand" in " ".join(called.out.split())
    assert firmward("diff", report, root, "-q").code == 0
    assert firmward("diff", report, report).code == 0


def test_a_side_that_was_not_wholly_looked_at_gives_3(firmward: Firmward, root: Path, tmp_path: Path) -> None:
    report = tmp_path / "old.json"
    firmward("audit", root, "-q", "-o", report)
    document = json.loads(report.read_text())
    document["budget"] = {"complete": False, "exhausted": ["time"]}
    report.write_text(json.dumps(document))
    assert firmward("diff", report, root).code == 3


def test_the_time_that_ran_out_gives_3(firmward: Firmward, root: Path, new: Path, monkeypatch) -> None:
    from firmward.cli import inventories

    monkeypatch.setattr(inventories, "time", SimpleNamespace(monotonic=lambda: 1e12))
    called = firmward("diff", root, new)
    assert called.code == 3
    assert "not wholly looked at" in " ".join(called.out.split())


WRONG = [
    (("nowhere", "{root}"), "nowhere"),
    (("{root}", "nowhere.json"), "nowhere.json"),
    (("{root}", "/dev/null"), "/dev/null"),
    (("{root}", "{root}", "-o", "x.html"), "suffix"),
    (("{root}", "{root}", "--fail-on", "bad"), "bad"),
]


@pytest.mark.parametrize(("words", "said"), WRONG)
def test_what_is_wrong_is_told(firmward: Firmward, root: Path, words: tuple[str, ...], said: str) -> None:
    called = firmward("diff", *(word.format(root=root) for word in words))
    assert called.code == 2
    assert said in called.err
    assert "Traceback" not in called.err


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=40)
    | st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["schema", "parts", "checks"]), inner),
    ).map(lambda value: json.dumps(value).encode())
)
def test_any_bytes_called_json_give_2(firmward: Firmward, root: Path, tmp_path: Path, content: bytes) -> None:
    side = tmp_path / "side.json"
    side.write_bytes(content)
    for words in ((side, root), (side, side)):
        called = firmward("diff", *words, "-q", "--only", "telnet-enabled")
        assert called.code == 2
        assert called.err.startswith("firmward: ")


def test_a_baseline_quiets_what_is_known(firmward: Firmward, root: Path, new: Path, tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.json"
    assert firmward("audit", root, "-q", "--write-baseline", baseline).code == 0
    known = firmward("audit", root, "--baseline", baseline, "--fail-on", "info")
    assert known.code == 0
    assert "0 new, 0 worse" in " ".join(known.out.split())
    worse = firmward("audit", new, "--baseline", baseline, "--fail-on", "info")
    assert worse.code == 1
    assert "new: " in worse.out
    assert "fixed: refresh the baseline" in " ".join(worse.out.split())


def test_a_baseline_is_refreshed_in_its_place(firmward: Firmward, root: Path, new: Path, tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.json"
    firmward("audit", root, "-q", "--write-baseline", baseline)
    firmward("audit", new, "-q", "--baseline", baseline, "--write-baseline", baseline)
    assert firmward("audit", new, "-q", "--baseline", baseline, "--fail-on", "info").code == 0


@pytest.mark.parametrize("name", ["baseline.txt", "nowhere/baseline.json", "report.json"])
def test_a_baseline_has_a_place_of_its_own(firmward: Firmward, root: Path, tmp_path: Path, name: str) -> None:
    called = firmward("audit", root, "-o", tmp_path / "report.json", "--write-baseline", tmp_path / name)
    assert called.code == 2


def test_a_baseline_that_is_none_is_told(firmward: Firmward, root: Path, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    assert "neither a baseline" in firmward("audit", root, "--baseline", tmp_path / "x.json").err
