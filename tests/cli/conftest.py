"""The command as a user calls it, in this process."""

import sys
from pathlib import Path

import pytest
from command import Called, Firmward

from firmward.cli import main


@pytest.fixture
def firmward(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Firmward:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795132800")

    def call(*words: object) -> Called:
        monkeypatch.setattr(sys, "argv", ["firmward", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            main.run()
        out, err = capfd.readouterr()
        return Called(int(left.value.code or 0), out, err)

    return call


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small system with a telnet daemon, a guessable password and secrets that no output may show."""
    folder = tmp_path / "rootfs"
    files = {
        "etc/passwd": "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1::/:/bin/false\n",
        "etc/shadow": "root:$1$abcdefgh$" + "Z" * 22 + ":19000:0:99999:7:::\n",
        "etc/inittab": "::sysinit:/etc/init.d/rcS\n::respawn:/usr/sbin/telnetd -F\n",
        "etc/init.d/rcS": "#!/bin/sh\nmount -a\n/usr/sbin/snmpd -c /etc/snmp/snmpd.conf\n",
        "etc/snmp/snmpd.conf": "rwcommunity public\nrocommunity Tr0ub4dor-community\n",
        "usr/sbin/telnetd": "\x7fELF",
        "usr/sbin/snmpd": "\x7fELF",
        "bin/busybox": "\x7fELF",
    }
    for path, content in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content, encoding="latin-1")
    for program in ("etc/init.d/rcS", "usr/sbin/telnetd", "usr/sbin/snmpd", "bin/busybox"):
        (folder / program).chmod(0o755)
    (folder / "sbin").mkdir()
    (folder / "sbin/init").symlink_to("../bin/busybox")
    return folder
