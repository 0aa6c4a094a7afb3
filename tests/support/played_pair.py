"""A build that is so small that nothing can start it, and a program that plays both devices: the twin runs whatever an
attacker left on its disk, the protected device goes on without it."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from built_device import MIB, SMALL, described, partitions, small_build

from firmward.build.built import CONTROL, FILE
from firmward.lab.challenge import Challenge
from firmward.lab.device import opened
from firmward.lab.pair import Pair

KEY = "5eed" * 16
POLICY = 'schema = 1\n[device]\nproduct = "camera"\nversion = "1.4.0"\nboard = "qemu-arm64"\n'
SOURCE = """/dts-v1/;
/ { description = "small"; #address-cells = <1>;
images {
 kernel { data = /incbin/("kernel"); type = "kernel"; arch = "arm64"; os = "linux"; compression = "none";
          load = <0x40200000>; entry = <0x40200000>; hash-1 { algo = "crc32"; }; };
 fdt-a { data = /incbin/("tree"); type = "flat_dt"; arch = "arm64"; compression = "none"; load = <0x47000000>; };
 initramfs { data = /incbin/("initramfs"); type = "ramdisk"; arch = "arm64"; os = "linux"; compression = "none"; };
};
configurations { default = "conf-a"; conf-a { kernel = "kernel"; fdt = "fdt-a"; ramdisk = "initramfs"; }; };
};
"""

FOUND = 'won = re.search(rb"\\$\\(\\((\\d+) \\* (\\d+)\\)\\)", disk.read())\n'
"""What an attacker left on the disk for a shell to multiply."""
IS_TWIN = '"-dtb" not in words'
ANSWER = "say(str(int(won[1]) * int(won[2])))"
HEALTHY = "write(8192, b'good=a\\n')"
WAIT = "time.sleep(600)"
BOTH = f"""{FOUND}
if not ({IS_TWIN}):
    {HEALTHY}
elif won:
    {ANSWER}
else:
    say("firmward: slot a is healthy")
{WAIT}
"""


def tiny_build(folder: Path, **said: object) -> Path:
    """Its FIT is one; `said` are other values of its record."""
    small_build(folder)
    work = folder.parent / f"{folder.name}-fit"
    work.mkdir()
    for name, content in {"kernel": b"\x7fkernel" * 99, "tree": _tree(work), "initramfs": b"070701"}.items():
        (work / name).write_bytes(content)
    (work / "small.its").write_text(SOURCE)
    subprocess.run(["mkimage", "-f", "small.its", "small.fit"], cwd=work, check=True, capture_output=True)
    (folder / "slot/boot.fit").write_bytes((work / "small.fit").read_bytes())
    (folder / CONTROL).write_bytes(_tree(work))
    (folder / "device.toml").write_text(POLICY)
    described(folder, SMALL)
    say(folder, **{"boot_key": KEY, **said})
    return folder


def _tree(work: Path) -> bytes:
    (work / "tree.dts").write_text('/dts-v1/; / { compatible = "linux,dummy-virt"; };')
    subprocess.run(["dtc", "-q", "-o", "tree.dtb", "tree.dts"], cwd=work, check=True, capture_output=True)
    return (work / "tree.dtb").read_bytes()


def say(folder: Path, **said: object) -> None:
    """Change what a build says of itself."""
    record: dict[str, Any] = json.loads((folder / FILE).read_text())
    (folder / FILE).write_text(json.dumps({**record, **said}))


def played_pair(out: Path, folder: Path, **others: Any) -> Pair:
    """A pair whose media are there already, all of them empty."""
    folder.mkdir()
    for prefix in ("", "plain-"):
        with (folder / f"{prefix}disk.img").open("wb") as disk:
            disk.truncate(2 * MIB + sum(SMALL.values()) * MIB)
        (folder / f"{prefix}flash.img").write_bytes(b"\xff" * 4096)
    return Pair(opened(out), folder, **others)


def left_on_disk(challenge: Challenge) -> bytes:
    """What the played twin runs."""
    return f"echo {challenge.shell}\n".encode()


PLACES: Mapping[str, int] = {one.name: one.start for one in partitions(SMALL)}
