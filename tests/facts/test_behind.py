"""What stands behind a program that only hands on."""

import pytest

from firmward.facts import behind
from firmward.facts.process import Manager, Process, Start
from firmward.model.location import Location


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("tcpsvd -vE 0.0.0.0 21 ftpd -w /data", "ftpd"),
        ("busybox tcpsvd -c 5 -u nobody 0 21 /usr/sbin/ftpd", "ftpd"),
        ("tcpsvd -vEc 5 -- 0 21 ftpd -c 3", "ftpd"),
        ("tcpsvd 0 21", None),
        ("/usr/bin/python3 -u /opt/hub/web.py --port 80", "web.py"),
        ("python3.11 -m http.server 8000", "http.server"),
        ("python3 -c import", None),
        ("lua5.4 /usr/lib/api.lua", "api.lua"),
        ("perl", None),
        ("/usr/sbin/lighttpd -D", None),
    ],
)
def test_a_program_that_hands_on_is_told_with_what_it_runs(line: str, found: str | None) -> None:
    process = Process(tuple(line.split()), "app", Manager.SYSV, Start.BOOT, Location("etc/init.d/app", 1))
    assert behind.of(process) == found
