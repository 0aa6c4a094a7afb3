"""A Debian guest that systemd boots in QEMU, with services that are spoken to from inside, through its serial line.

The root is made of Debian's packages once and kept; each guest boots a disk of its own, made from it and what the test
put in. No network but the guest's own.
"""

import base64
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from firmward.lab.machine import Machine
from firmward.lab.serial_log import SerialLog
from real import roots

PACKAGES = (
    *("linux-image-cloud-amd64", "lighttpd", "nginx-light", "apache2", "mosquitto", "mosquitto-clients", "vsftpd"),
    *("openssh-server", "openssh-client", "dropbear", "dnsmasq", "chrony", "snmpd", "snmp", "avahi-daemon", "minidlna"),
    *("apparmor", "curl", "busybox", "python3", "procps", *roots.SYSTEMD),
)
ROOT = roots.Root("serving-guest", PACKAGES)
PROGRAMS = ("qemu-system-x86_64", "mke2fs", "zstd", "tar")
BOOT_SECONDS, COMMAND_SECONDS = 240.0, 150.0
READY = b"GUEST-READY"
UNIT = """\
[Unit]
Description=Shell of the test
DefaultDependencies=no
After=basic.target
[Service]
Environment=PS1= HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin
ExecStart=/bin/sh -c 'stty -echo -onlcr; echo GUEST-READY; exec /bin/sh'
StandardInput=tty
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
"""


def missing() -> str | None:
    """Why no guest can be had here; None where it can."""
    if os.geteuid() != 0:
        return "the guest's root is unpacked with its owners, which root alone can"
    lost = [name for name in PROGRAMS if shutil.which(name) is None]
    if lost or not roots.is_possible():
        return f"needs {', '.join(lost) or 'mmdebstrap on amd64'}"
    return None


def unpacked(folder: Path, wanted: roots.Root = ROOT) -> Path:
    """The root as a folder, with the shell on its serial line. Raises roots.NoPackagesError."""
    archive = roots.build(wanted)
    root = folder / "root"
    root.mkdir()
    subprocess.run(["tar", "--zstd", "-xf", archive, "-C", root, "--numeric-owner"], check=True)
    wants = root / "etc/systemd/system/multi-user.target.wants"
    (root / "etc/systemd/system/guest-shell.service").write_text(UNIT)
    (wants / "guest-shell.service").symlink_to("../guest-shell.service")
    (root / "etc/systemd/system/serial-getty@ttyS0.service").symlink_to("/dev/null")
    return root


class Guest:
    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._heard = b""

    def run(self, command: str, seconds: float = COMMAND_SECONDS) -> tuple[int, str]:
        """The status and the output, both streams, of a shell command."""
        text = base64.b64encode(command.encode()).decode()
        mark = f"end{time.monotonic_ns()}"
        for start in range(0, len(text), 1500):
            sign = ">>" if start else ">"
            self._machine.write(f"printf %s '{text[start : start + 1500]}' {sign} /run/command\n".encode())
        end = f"echo {mark[:4]}''{mark[4:]}=$?"
        self._machine.write(
            f"base64 -d /run/command > /run/command.sh; sh /run/command.sh 2>&1 < /dev/null; {end}\n".encode()
        )
        found = self._until(rf"{mark}=(\d+)", seconds)
        return int(found[1]), self._before.decode("utf-8", "replace").replace("\r", "")

    def _until(self, pattern: str, seconds: float) -> "re.Match[bytes]":
        limit = time.monotonic() + seconds
        while True:
            found = re.search(pattern.encode(), self._heard)
            if found is not None:
                self._before, self._heard = self._heard[: found.start()], self._heard[found.end() :]
                return found
            assert time.monotonic() < limit, self._heard[-3000:].decode("utf-8", "replace")
            self._heard += self._machine.hear(0.5).serial

    def wait(self) -> None:
        self._until(READY.decode() + r"\r?\n", BOOT_SECONDS)
        self.run("systemctl is-system-running --wait", BOOT_SECONDS)


@contextmanager
def booted(root: Path, folder: Path, size: str = "1600M") -> Iterator[Guest]:
    disk = folder / "disk.ext4"
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-d", root, disk, size], check=True)
    kernel, initrd = (next((root / "boot").glob(name)) for name in ("vmlinuz-*", "initrd.img-*"))
    command = [
        *(
            "qemu-system-x86_64",
            "-M",
            "q35",
            "-cpu",
            "max",
            "-smp",
            "1",
            "-m",
            "1024",
            "-nodefaults",
            "-display",
            "none",
        ),
        *("-kernel", str(kernel), "-initrd", str(initrd), "-append", "root=/dev/vda rw console=ttyS0 quiet"),
        *("-drive", f"file={disk},if=virtio,format=raw,snapshot=on", "-nic", "none", "-serial", "stdio"),
    ]
    with Machine(command, SerialLog()) as machine:
        guest = Guest(machine)
        guest.wait()
        yield guest
