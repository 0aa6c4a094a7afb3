"""init: what a newcomer runs first on an image of his own."""

import tarfile
from pathlib import Path

import pytest
from command import Firmward

from firmward.audit import declaration
from firmward.facts.kernel_command_line import KernelCommandLine
from firmward.model.facts import Facts
from firmward.model.policy import parse_policy


def test_it_writes_a_policy_with_which_the_image_shows_nothing_undeclared(
    firmward: Firmward, root: Path, tmp_path: Path
) -> None:
    policy = tmp_path / "device.toml"
    called = firmward("init", root, "-o", policy)
    assert called.code == 0, called.err
    assert "TODO decide" in called.err
    assert parse_policy(policy.read_text()).allows_listening("tcp", 23)
    audit = firmward("audit", root, "--policy", policy, "--only", "undeclared-listener", "--fail-on", "info")
    assert audit.code == 0, audit.out


def test_standard_output_has_the_text_alone(firmward: Firmward, root: Path) -> None:
    called = firmward("init", root, "-o", "-")
    assert called.code == 0
    assert called.out == firmward("init", root, "-o", "-").out
    assert called.out.startswith("#:schema ")
    assert called.err == ""


def test_a_file_that_is_there_is_kept_unless_forced(firmward: Firmward, root: Path, tmp_path: Path) -> None:
    policy = tmp_path / "device.toml"
    policy.write_text("mine")
    called = firmward("init", root, "-o", policy)
    assert (called.code, policy.read_text()) == (2, "mine")
    assert "--force" in called.err
    assert firmward("init", root, "-o", policy, "--force").code == 0
    assert policy.read_text() != "mine"


@pytest.mark.parametrize("target", ["missing.img", "."])
def test_what_is_no_image_is_refused(
    firmward: Firmward, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    called = firmward("init", target, "-o", "-")
    assert called.code == 2
    assert called.out == ""


def test_a_folder_that_does_not_exist_is_told(firmward: Firmward, root: Path, tmp_path: Path) -> None:
    called = firmward("init", root, "-o", tmp_path / "none" / "device.toml")
    assert called.code == 2
    assert "No such file" in called.err


def test_the_root_is_seen_with_the_image_around_it(
    firmward: Firmward, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No family that is declared asks for other parts today; one that does must have them as in an audit."""
    output = tmp_path / "deploy"
    (output / "extlinux").mkdir(parents=True)
    (output / "extlinux/extlinux.conf").write_text("LABEL a\n  APPEND root=/dev/mmcblk0p2 quiet\n")
    with tarfile.open(output / "rootfs.tar", "w") as archive:
        archive.add(root, "")

    def told(facts: Facts, _: str) -> str:
        return f"# {facts.get(KernelCommandLine)}\n"

    monkeypatch.setattr(declaration, "FAMILIES", frozenset((KernelCommandLine,)))
    monkeypatch.setattr(declaration, "declaration", told)
    assert "value='/dev/mmcblk0p2'" in firmward("init", output, "-o", "-").out


def test_a_folder_that_is_no_root_is_told(firmward: Firmward, root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "readme.txt").write_text("hello\n")
    called = firmward("init", folder, "-o", "-")
    assert called.code == 0
    assert "does not look like a root file system" in called.err
    assert "does not look like" not in firmward("init", root, "-o", "-").err


def test_no_secret_is_written(firmward: Firmward, root: Path) -> None:
    out = firmward("init", root, "-o", "-").out
    assert "Tr0ub4dor" not in out
    assert "$1$" not in out
