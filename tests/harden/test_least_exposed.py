"""Who hands out shells or manages containers is as little exposed as can be: all that it is for works under its row,
and each setting that the row leaves out breaks some of it.
"""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import containers_kept
import guest
import logins
import needs
import pytest

from firmward.facts import sandbox
from real import roots

pytestmark = [pytest.mark.proof, pytest.mark.timeout(1800)]


@dataclass(frozen=True)
class Server:
    """A `program` started by `unit`; `environment` is what its needs are asked with."""

    program: str
    unit: str
    environment: str
    where: ModuleType

    @property
    def row(self) -> sandbox.Sandbox:
        return sandbox.rows()[self.program]


SHELLS = (Server("sshd", "ssh", "PORT=22", logins), Server("dropbear", "dropbear", "PORT=24", logins))
DOCKER = Server("dockerd", "docker", "", containers_kept)
SERVERS = (*SHELLS, DOCKER)
LEFT = [
    pytest.param(server, setting, fails, id=f"{server.program}-{setting}")
    for server in SERVERS
    for setting, fails in server.row.left
]
TAKEN = {
    "a user's namespaces": "as_user unshare -Ur true",
    "a user's look at who else is there": "as_user ps -e | grep -q systemd-logind",
    "namespaces": "as_root unshare -m true",
    "mounts": "as_root 'mount -t tmpfs x /opt && umount /opt'",
    "the clock": "as_root 'date -s now'",
    "the kernel's settings": "as_root 'sysctl -q -w kernel.printk=4'",
    "the kernel's log": "as_root dmesg",
    "the disk as it lies there": "as_root 'head -c 1 /dev/vda'",
    "interfaces": "as_root 'ip link add d0 type dummy && ip link del d0'",
    "packets as they come": "as_root 'python3 -c \"import socket; socket.socket(17, 3)\"'",
    "memory that is written and run": "as_user 'python3 -c \"import mmap; mmap.mmap(-1, 4096, prot=7)\"'",
}


def started(where: ModuleType, folder: Path) -> Iterator[guest.Guest]:
    """What it boots from is gigabytes, and so does not outlive the tests."""
    reason = guest.missing()
    if reason is not None:
        pytest.skip(reason)
    try:
        root = guest.unpacked(folder, where.ROOT)
        where.laid(root)
        with guest.booted(root, folder, where.DISK) as running:
            running.run(where.SETUP)
            yield running
    except roots.NoPackagesError:
        pytest.skip("Debian's archive cannot be reached")
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def of_logins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[guest.Guest]:
    yield from started(logins, tmp_path_factory.mktemp("logins"))


@pytest.fixture(scope="module")
def of_containers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[guest.Guest]:
    yield from started(containers_kept, tmp_path_factory.mktemp("containers"))


@pytest.fixture
def machine(request: pytest.FixtureRequest, server: Server) -> guest.Guest:
    found: guest.Guest = request.getfixturevalue("of_logins" if server.where is logins else "of_containers")
    return found


def of_each(servers: Iterable[Server]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("server", [pytest.param(one, id=one.program) for one in servers])


@of_each(SERVERS)
def test_all_that_it_is_for_works_under_its_row(machine: guest.Guest, server: Server) -> None:
    needs.confine(machine, server.unit, server.row)
    answer = needs.asked(machine, server.environment)
    assert answer.met == {one.name for one in server.where.NEEDS}, answer.said


@of_each(SERVERS)
def test_it_is_as_little_exposed_as_the_row_says(machine: guest.Guest, server: Server) -> None:
    needs.confine(machine, server.unit, server.row)
    _, said = machine.run(f"systemd-analyze security {server.unit} --no-pager | tail -1")
    assert f": {server.row.exposure} " in said


@pytest.mark.parametrize(("server", "setting", "fails"), LEFT)
def test_what_is_left_cannot_be_taken(machine: guest.Guest, server: Server, setting: str, fails: str) -> None:
    needs.confine(machine, server.unit, server.row, setting)
    answer = needs.asked(machine, server.environment, (fails,))
    assert answer.unmet == (fails,), answer.said


@of_each(SHELLS)
def test_a_login_loses_what_the_row_takes(machine: guest.Guest, server: Server) -> None:
    """Without the row, each of it is there to be done."""
    needs.confine(machine, server.unit, None)
    assert {name for name, command in TAKEN.items() if logins.is_done(machine, server.environment, command)} == set(
        TAKEN
    )
    needs.confine(machine, server.unit, server.row)
    assert not {name for name, command in TAKEN.items() if logins.is_done(machine, server.environment, command)}


@of_each(SHELLS)
def test_root_is_not_held(machine: guest.Guest, server: Server) -> None:
    """What the rows promise is no more than this: root asks systemd for what the login lacks."""
    needs.confine(machine, server.unit, server.row)
    asked = "as_root 'systemd-run -q --wait --pipe sysctl -q -w kernel.printk=3'"
    assert logins.is_done(machine, server.environment, asked)
