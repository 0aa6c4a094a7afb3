"""Real servers started by lines written anew, by BusyBox's shell and start-stop-daemon, in namespaces of their own."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from firmward.checks.service.confining import commands
from firmward.checks.service.confining.commands import Confined
from firmward.facts import sandbox
from firmward.facts.services import Manager, Service, Start
from firmward.model.location import Location

NEEDED = ("unshare", "setpriv", "busybox", "lighttpd", "ip")
BIND = 1 << 10


@dataclass(frozen=True)
class Started:
    """A line of an init script that starts a `program`; `user` is whom it is to run as, None where it sees to that."""

    line: str
    program: str
    user: str | None
    process: str


STARTED = (
    Started("start-stop-daemon -S -x /usr/sbin/lighttpd -- -f {folder}/lighttpd.conf", "lighttpd", None, "lighttpd"),
    Started(
        '[ -x /usr/sbin/lighttpd ] && /usr/sbin/lighttpd -f "{folder}/lighttpd.conf"', "lighttpd", None, "lighttpd"
    ),
    Started("start-stop-daemon -S -b -x {folder}/webd -- -f -p 80 -h {folder}", "webd", "nobody", "webd"),
    Started("{folder}/webd -f -p 80 -h {folder} >/dev/null 2>&1 &", "webd", "nobody", "webd"),
)


@pytest.mark.skipif(
    os.geteuid() != 0 or any(shutil.which(name) is None for name in NEEDED),
    reason=f"needs root, and {', '.join(NEEDED)}",
)
@pytest.mark.parametrize("one", STARTED, ids=lambda one: f"{one.program}-{one.line.split()[0].rpartition('/')[2]}")
def test_it_serves_with_less(one: Started, tmp_path: Path) -> None:
    for folder in (tmp_path, *list(tmp_path.parents)[:3]):  # below that of a worker too
        folder.chmod(0o755)
    (tmp_path / "index.html").write_text("the page\n")
    (tmp_path / "webd").write_text('#!/bin/sh\nexec busybox httpd "$@"\n')
    (tmp_path / "webd").chmod(0o755)
    (tmp_path / "lighttpd.conf").write_text(
        f'server.document-root = "{tmp_path}"\nserver.port = 80\nserver.username = "www-data"\n'
        'server.groupname = "www-data"\nindex-file.names = ("index.html")\n'
    )
    line = one.line.format(folder=tmp_path)
    program = "/usr/sbin/lighttpd" if one.program == "lighttpd" else f"{tmp_path}/webd"
    service = Service(
        "S50web", Manager.SYSV, one.program, Start.BOOT, Location("etc/init.d/S50web", 1), None, True, (), frozenset(),
        argv=(program,), command=((1, line),),
    )  # fmt: skip
    change = commands.rewritten(
        service, Confined(shutil.which("setpriv"), one.user, "65534", ports=True, memory=1 << 20)
    )
    assert change is not None
    process = "httpd" if one.program == "webd" else one.process
    script = (
        f"ip link set lo up\n{change.instead}\nfor i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.3\n"
        "busybox wget -q -O - http://127.0.0.1:80/index.html && break; done\n"
        f"for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline | grep -q '{process}' && cat $p/status $p/limits\n"
        "done 2>/dev/null\n"
    )
    command = ["unshare", "-n", "-p", "-f", "--kill-child", "--mount-proc", "busybox", "sh", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert "the page" in done.stdout, done.stderr
    text = done.stdout[done.stdout.rindex("Uid:") :]
    assert "NoNewPrivs:\t1" in text
    found = re.search(r"CapBnd:\s*(\w+)", text)
    assert found is not None
    row = sandbox.rows().get(one.program)
    held = bin(int(found[1], 16)).count("1")
    assert held == (len(row.capabilities) if row is not None else 1)
    assert int(found[1], 16) & BIND
    assert not text.startswith("Uid:\t0\t")
    assert re.search(rf"Max address space\s+{1 << 30}\s", text)
