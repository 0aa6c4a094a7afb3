"""What starts the update client: by each init system, and how often it asks."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from firmward.build.client.starts import busybox, init_script, loop, systemd, sysv
from firmward.build.client.starts.choice import started
from firmward.model.memory import Content, MemoryTree, executable
from firmward.model.policy import Policy, parse_policy

POLICY = parse_policy('[device]\nproduct = "camera"\n[filesystem]\nwritable = ["/data"]\n')
BY_HAND = parse_policy('[device]\nproduct = "camera"\n[update]\nautomatic = false\n')
SCRIPT = executable("#!/bin/sh\n")
ROOTS: dict[str, dict[str, Content]] = {
    busybox.NAME: {"etc/init.d/rcS": SCRIPT, "etc/init.d/S40network": SCRIPT},
    sysv.NAME: {"etc/init.d/rc": SCRIPT, "etc/rc3.d/S01networking": SCRIPT, "etc/rc5.d/S01networking": SCRIPT},
    systemd.NAME: {"usr/lib/systemd/systemd": SCRIPT, "etc/init.d/rcS": SCRIPT, "etc/init.d/S40network": SCRIPT},
}
PLACES = {
    busybox.NAME: {busybox.PATH: 0o755},
    sysv.NAME: {"etc/rc3.d/S85firmward-update": 0o755, "etc/rc5.d/S85firmward-update": 0o755},
    systemd.NAME: {systemd.PATH: 0o644, systemd.WANTED: 0o644},
}


@pytest.mark.parametrize("name", ROOTS)
def test_each_init_system_gets_its_own(name: str) -> None:
    files, words = started(MemoryTree(ROOTS[name]), POLICY)
    assert {path: mode for path, (_, mode) in files.items()} == {loop.PATH: 0o755, **PLACES[name]}
    assert words == f"started by {name}"


def test_of_an_init_system_that_nobody_knows_it_is_said() -> None:
    files, words = started(MemoryTree({"init": SCRIPT}), POLICY)
    assert set(files) == {loop.PATH}
    assert words.startswith("nothing here starts it")


def test_what_it_keeps_lies_on_what_lasts() -> None:
    assert loop.state(POLICY) == "/data/firmward"
    assert loop.state(parse_policy('[device]\nproduct = "camera"\n')) == "/var/lib/firmward"


@pytest.mark.parametrize("text", [init_script.TEXT, loop.text(POLICY), loop.text(BY_HAND)])
def test_the_scripts_are_read_by_every_shell(text: str) -> None:
    for shell in (["sh"], ["bash", "--posix"], ["busybox", "sh"]):
        subprocess.run([*shell, "-n"], input=text, text=True, check=True)


@pytest.fixture
def looped(tmp_path: Path) -> Callable[..., list[str]]:
    """Runs the loop with programs in the place of the system's, until it has slept that often; what it did. `answers`
    are the server's, one after the other, and `found` what comes of the stick, where one can be mounted."""

    def run(answers: str, stick: str = "false", sleeps: int = 4, found: int = 0, policy: Policy = POLICY) -> list[str]:
        log = tmp_path / "log"
        log.touch()
        server = f"set -- {answers}\nshift $(($(grep '^ask' {log} | grep -vc -e --from) - 1)); exit $1"
        programs = {
            "sleep": f'echo "sleep $1" >>{log}; [ "$(grep -c sleep {log})" -lt {sleeps} ] || kill $PPID',
            "mount": f'echo "mount $*" >>{log}; {stick}',
            "umount": f'echo "umount $*" >>{log}',
            "ask": f"""case "$*" in *status) exit ;; esac
                echo "ask $*" >>{log}
                case "$*" in *--from*) exit {found} ;; esac
                {server}""",
        }
        for name, body in programs.items():
            (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
            (tmp_path / name).chmod(0o755)
        text = loop.text(policy).replace("/usr/bin/firmward-update", str(tmp_path / "ask"))
        text = text.replace("/usr/bin/python3", sys.executable).replace("/run/", f"{tmp_path}/")
        subprocess.run(["sh"], input=text, text=True, env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, timeout=30)
        return log.read_text().splitlines()

    return run


def test_its_room_is_made_before_anything_else() -> None:
    _, loop_itself = loop.text(POLICY).split(" || ask status\n")
    assert "sleep" in loop_itself


def slept(log: list[str]) -> list[int]:
    return [int(line.removeprefix("sleep ")) for line in log if line.startswith("sleep")]


def test_it_asks_soon_after_the_start_and_then_every_few_hours(looped: Callable[..., list[str]]) -> None:
    first, *others = slept(looped("0 11 0 0"))
    assert 5 <= first < 15
    assert all(4 * 3600 <= one < 8 * 3600 for one in others)


def test_an_update_that_waits_for_its_window_is_asked_for_before_that_has_gone_by(
    looped: Callable[..., list[str]],
) -> None:
    _, *others = slept(looped("10 10 10 0"))
    assert all(900 <= one < 1800 for one in others)


def test_what_nobody_installs_by_itself_is_asked_for_every_few_hours(looped: Callable[..., list[str]]) -> None:
    log = looped("10 10 10 0", policy=BY_HAND)
    assert all(4 * 3600 <= one < 8 * 3600 for one in slept(log)[1:])
    assert {line.split()[-1] for line in log if line.startswith("ask")} == {"check"}


def test_what_is_refused_is_tried_again_soon_and_then_less_often(looped: Callable[..., list[str]]) -> None:
    _, *others = slept(looped("1 3 2 1 1 1 1 1 1 1 1 1 1 1", sleeps=14))
    for number, one in enumerate(others):
        least = min(15 * 2**number, 4 * 3600 * 2)
        assert least <= one < 2 * least or one >= 4 * 3600, (number, one)
    assert max(others) < 12 * 3600


def test_after_an_answer_it_begins_anew(looped: Callable[..., list[str]]) -> None:
    *_, last = slept(looped("1 1 0 1 0", sleeps=5))
    assert 15 <= last < 30


def test_no_two_devices_ask_at_the_same_moments(looped: Callable[..., list[str]]) -> None:
    assert slept(looped("0 0 0 0")) != slept(looped("0 0 0 0"))


def test_a_stick_is_looked_at_first_and_read_only(looped: Callable[..., list[str]], tmp_path: Path) -> None:
    stick = f"{tmp_path}/firmward-stick"
    said = looped("0 0", "true", sleeps=2)
    asked = "ask --image /usr/share/firmward --state /data/firmward install --restart"
    assert said[1:5] == [
        f"mount -t vfat -o ro,nosuid,nodev,noexec LABEL=UPDATES {stick}",
        f"{asked} --from {stick}",
        f"umount {stick}",
        asked,
    ]


def test_what_came_from_a_stick_is_started_and_not_written_over(looped: Callable[..., list[str]]) -> None:
    log = looped("0 0", "true", sleeps=2, found=11)
    assert [line.split()[0] for line in log] == ["sleep", "mount", "ask", "umount", "sleep"]
    assert slept(log)[1] >= 4 * 3600


def test_without_a_stick_the_server_alone_is_asked(looped: Callable[..., list[str]]) -> None:
    assert [line.split()[0] for line in looped("0 0", sleeps=2)] == ["sleep", "mount", "ask", "sleep"]
