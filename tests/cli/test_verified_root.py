"""A root on dm-verity, made by mksquashfs and veritysetup: whole, changed, and with its root hash in the open."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from command import Firmward

Outcomes = dict[str, str]


@pytest.fixture
def output(root: Path, tmp_path: Path) -> Path:
    """A build's output: the root with its hash tree behind it, and the boot loader's file with the root hash."""
    folder = tmp_path / "deploy"
    (folder / "extlinux").mkdir(parents=True)
    image = folder / "rootfs.squashfs"
    subprocess.run(["mksquashfs", str(root), str(image), "-quiet", "-no-progress", "-noappend"], check=True)
    size = -(-image.stat().st_size // 4096) * 4096
    with image.open("ab") as file:
        file.truncate(size)
    command = ["veritysetup", "format", str(image), str(image), f"--hash-offset={size}"]
    command += [f"--data-blocks={size // 4096}", "--salt=00ff"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"Root hash:\s+(\w+)", said)
    assert found is not None
    line = f"LABEL a\n  APPEND root=/dev/dm-0 ro roothash={found[1]} lockdown=integrity\n"
    (folder / "extlinux/extlinux.conf").write_text(line)
    return folder


@pytest.fixture
def outcomes(firmward: Firmward, tmp_path: Path) -> Callable[[Path], Outcomes]:
    def judge(folder: Path) -> Outcomes:
        report = tmp_path / "r.json"
        called = firmward("audit", folder, "-q", "-o", report, "--only", "storage", "--only", "kernel")
        assert called.code == 0, called.err
        return {check["check"]: check["outcome"] for check in json.loads(report.read_text())["checks"]}

    return judge


def test_a_root_that_is_what_its_tree_says(output: Path, outcomes: Callable[[Path], Outcomes]) -> None:
    found = outcomes(output)
    assert found["rootfs-unverified"] == "pass"
    assert found["rootfs-hash-mismatch"] == "pass"
    assert found["rootfs-writable"] == "pass"
    assert found["verity-ignores-corruption"] == "pass"
    assert found["verity-root-hash-untrusted"] == "fail", "the root hash stands in a text file"


def test_a_changed_byte_is_found(output: Path, outcomes: Callable[[Path], Outcomes]) -> None:
    image = output / "rootfs.squashfs"
    content = bytearray(image.read_bytes())
    content[200] ^= 0xFF
    image.write_bytes(content)
    assert outcomes(output)["rootfs-hash-mismatch"] == "fail"


def test_another_root_hash_is_found(output: Path, outcomes: Callable[[Path], Outcomes]) -> None:
    path = output / "extlinux/extlinux.conf"
    path.write_text(re.sub(r"roothash=\w{8}", "roothash=00112233", path.read_text()))
    assert outcomes(output)["rootfs-hash-mismatch"] == "fail"


def test_a_plain_root_beside_its_command_line(output: Path, outcomes: Callable[[Path], Outcomes]) -> None:
    (output / "extlinux/extlinux.conf").write_text("LABEL a\n  APPEND root=/dev/mmcblk0p2 ro nokaslr\n")
    found = outcomes(output)
    assert found["rootfs-unverified"] == "fail"
    assert found["kernel-cmdline"] == "fail"
    assert found["rootfs-writable"] == "pass", "a squashfs cannot be written to"
