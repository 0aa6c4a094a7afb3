"""The cage: each thing that a reader taken over would try succeeds outside and fails inside."""

import ctypes
import fcntl
import os
import platform
import resource
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from firmward.image import cage
from firmward.image.cage import DENIED, Cage, Walls, die_with_parent, enter, filter_program, walls

HERE = walls()
landlocked = pytest.mark.skipif(not HERE.landlock, reason="this kernel has no Landlock")
filtered = pytest.mark.skipif(not HERE.seccomp, reason="this kernel has no seccomp, or firmward no numbers for it")


def outcome(attempt: Callable[[], object], closed: Cage | None) -> str:
    """What became of it in a process of its own: `done`, or the error."""
    mine, theirs = os.pipe()
    process = os.fork()
    if process == 0:
        said = b"done"
        try:
            if closed is not None:
                enter(closed)
            attempt()
        except BaseException as error:
            said = type(error).__name__.encode()
        os.write(theirs, said)
        os._exit(0)
    os.close(theirs)
    os.waitpid(process, 0)
    with os.fdopen(mine, "rb") as pipe:
        return pipe.read().decode() or "ended"


@pytest.fixture
def closed() -> Cage:
    return Cage((Path(sys.base_prefix), Path("/usr/lib")), memory=1 << 30)


def both(attempt: Callable[[], object], closed: Cage) -> tuple[str, str]:
    return outcome(attempt, None), outcome(attempt, closed)


@landlocked
def test_a_file_outside_cannot_be_read(closed: Cage, tmp_path: Path) -> None:
    secret = tmp_path / "shadow"
    secret.write_text("root:x")
    assert both(secret.read_bytes, closed) == ("done", "PermissionError")


@landlocked
def test_a_folder_outside_cannot_be_listed(closed: Cage, tmp_path: Path) -> None:
    assert both(lambda: list(tmp_path.iterdir()), closed) == ("done", "PermissionError")


@landlocked
@pytest.mark.parametrize("how", ["write", "mkdir", "symlink", "unlink", "rename", "truncate"])
def test_nothing_can_be_written(how: str, closed: Cage, tmp_path: Path) -> None:
    target = tmp_path / "there"
    attempts: dict[str, Callable[[], object]] = {
        "write": lambda: (tmp_path / "new").write_bytes(b"x"),
        "mkdir": (tmp_path / "folder").mkdir,
        "symlink": lambda: (tmp_path / "link").symlink_to("/"),
        "unlink": target.unlink,
        "rename": lambda: target.rename(tmp_path / "elsewhere"),
        "truncate": lambda: os.truncate(target, 0),
    }
    target.write_bytes(b"x")
    caged = outcome(attempts[how], closed)
    assert target.read_bytes() == b"x"
    assert (outcome(attempts[how], None), caged) == ("done", "PermissionError")


@landlocked
def test_what_may_be_read_cannot_be_written(tmp_path: Path) -> None:
    target = tmp_path / "there"
    target.write_bytes(b"x")
    cage = Cage((tmp_path,))
    assert outcome(target.read_bytes, cage) == "done"
    assert outcome(lambda: target.write_bytes(b"y"), cage) == "PermissionError"
    assert outcome(lambda: (tmp_path / "new").write_bytes(b"y"), cage) == "PermissionError"


@filtered
def test_no_listener_on_the_machine_can_be_reached(closed: Cage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()

        def call() -> None:
            socket.create_connection(address, 2).close()

        assert both(call, closed) == ("done", "PermissionError")


@pytest.mark.skipif(HERE.landlock < 4, reason="Landlock fences TCP in from ABI 4 on")
def test_nor_where_the_kernel_has_no_seccomp(closed: Cage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cage, "walls", lambda: Walls(HERE.landlock, seccomp=False))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()

        def call() -> None:
            socket.create_connection(address, 2).close()

        assert both(call, closed) == ("done", "PermissionError")
        assert outcome(lambda: socket.create_server(("127.0.0.1", 0)), closed) == "PermissionError"


@filtered
def test_no_program_can_be_started(closed: Cage) -> None:
    assert both(lambda: subprocess.run(["/bin/true"], check=True), closed) == ("done", "PermissionError")
    assert both(lambda: os.execv("/bin/true", ["true"]), closed) == ("ended", "PermissionError")


@landlocked
@pytest.mark.skipif(HERE.landlock < 6, reason="signals are fenced in from Landlock ABI 6 on")
def test_the_process_that_leads_cannot_be_killed(closed: Cage) -> None:
    assert both(lambda: os.kill(os.getppid(), 0), closed) == ("done", "PermissionError")


@filtered
def test_the_process_that_leads_keeps_its_limits_and_its_turn(closed: Cage) -> None:
    """Else it could be ended by a limit of its CPU, where signals are fenced in."""
    attempts: tuple[Callable[[], object], ...] = (
        lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CORE, (0, 0)),
        lambda: os.sched_setaffinity(os.getppid(), os.sched_getaffinity(0)),
        lambda: os.setpriority(os.PRIO_PROCESS, os.getppid(), os.getpriority(os.PRIO_PROCESS, os.getppid())),
    )
    assert [outcome(attempt, closed) for attempt in attempts] == ["PermissionError"] * 3
    assert outcome(lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)), closed) == "done"


@filtered
def test_nothing_can_be_typed_into_the_terminal(closed: Cage) -> None:
    _, terminal = os.openpty()
    assert outcome(lambda: fcntl.ioctl(terminal, termios.TIOCSTI, b"x"), closed) == "PermissionError"
    assert outcome(lambda: termios.tcgetattr(terminal), closed) == "done"


def test_there_is_no_input(closed: Cage) -> None:
    def read() -> None:
        if os.read(0, 1):
            raise ValueError

    assert outcome(read, closed) == "done"
    assert outcome(lambda: os.write(0, b"x"), closed) == "OSError"


@filtered
def test_a_new_namespace_cannot_be_made_and_threads_can(closed: Cage) -> None:
    number = {"x86_64": 56, "aarch64": 220}[platform.machine()]

    def clone() -> None:
        if ctypes.CDLL(None, use_errno=True).syscall(number, 0x10000011, 0, 0, 0, 0) < 0:
            raise PermissionError

    def thread() -> None:
        done: list[int] = []
        worker = threading.Thread(target=lambda: done.append(1))
        worker.start()
        worker.join()
        if not done:
            raise ValueError

    assert outcome(clone, closed) == "PermissionError"
    assert outcome(thread, closed) == "done"


@filtered
def test_another_process_cannot_be_traced(closed: Cage) -> None:
    victim = subprocess.Popen(["sleep", "60"])

    def trace() -> None:
        if ctypes.CDLL(None, use_errno=True).ptrace(16, victim.pid, 0, 0):  # PTRACE_ATTACH
            raise PermissionError(ctypes.get_errno())
        os.waitpid(-1, os.WNOHANG)

    try:
        if outcome(trace, None) != "done":
            pytest.skip("this machine forbids tracing anyway")
        assert outcome(trace, closed) == "PermissionError"
    finally:
        victim.kill()
        victim.wait()


@filtered
def test_modes_and_owners_cannot_be_changed(closed: Cage, tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.touch()
    assert both(lambda: target.chmod(0o6777), closed) == ("done", "PermissionError")


def test_memory_ends_in_an_error_and_not_in_a_full_machine(closed: Cage) -> None:
    assert both(lambda: bytes(2 << 30), closed) == ("done", "MemoryError")


def test_time_ends(closed: Cage) -> None:
    def work() -> None:
        while time.process_time() < 5:  # and no longer, should nobody end it
            pass

    assert outcome(work, replace(closed, seconds=1)) == "ended"


def test_it_has_no_input(closed: Cage) -> None:
    def look() -> None:
        if os.read(0, 5):
            raise RuntimeError("it reads what was typed")

    mine, theirs = os.pipe()
    os.write(theirs, b"typed" * 2)
    kept = os.dup(0)
    os.dup2(mine, 0)
    try:
        assert both(look, closed) == ("RuntimeError", "done")
    finally:
        os.dup2(kept, 0)
        for descriptor in (mine, theirs, kept):
            os.close(descriptor)


def test_one_that_dies_leaves_nothing_of_what_it_held(closed: Cage) -> None:
    def look() -> None:
        if resource.getrlimit(resource.RLIMIT_CORE) != (0, 0):
            raise RuntimeError("it would leave a core")

    assert outcome(look, closed) == "done"


@landlocked
def test_what_may_be_read_is_read_only(tmp_path: Path) -> None:
    target = tmp_path / "image"
    target.write_bytes(b"x")
    for walled in (Cage((target,)), Cage((tmp_path,))):
        assert outcome(target.read_bytes, walled) == "done"
        assert outcome(lambda: target.write_bytes(b"y"), walled) == "PermissionError"
        assert outcome((tmp_path / "new").touch, walled) == "PermissionError"
    assert target.read_bytes() == b"x"


def test_what_a_reader_needs_still_works(closed: Cage) -> None:
    def work() -> None:
        import sqlite3  # noqa: F401 - loads a shared library

        list(Path("/usr/lib").iterdir())
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)

    assert outcome(work, closed) == "done"


@landlocked
def test_the_cage_is_inherited_and_cannot_be_left(closed: Cage, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.touch()

    def grandchild() -> None:
        child = os.fork()
        if child == 0:
            try:
                enter(Cage((Path("/"),)))
                secret.read_bytes()
            except PermissionError:
                os._exit(0)
            os._exit(1)
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
            raise RuntimeError("it got out")

    assert outcome(grandchild, closed) == "done"


@landlocked
def test_who_may_write_may_write_there_only(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    walled = Cage((), (tmp_path / "in",))
    assert outcome(lambda: (tmp_path / "in" / "new").write_bytes(b"x"), walled) == "done"
    assert outcome(lambda: (tmp_path / "out").write_bytes(b"x"), walled) == "PermissionError"


def test_a_worker_ends_with_its_leader() -> None:
    mine, theirs = os.pipe()
    leader = os.fork()
    if leader == 0:
        if os.fork() == 0:
            die_with_parent()
            os.write(theirs, b"ready")
            time.sleep(20)  # and no longer, should it outlive its leader
            os._exit(0)
        os.read(mine, 5)
        os._exit(0)
    os.waitpid(leader, 0)
    os.close(theirs)
    ended = time.monotonic()
    assert os.read(mine, 1) == b""  # its other end closes when the last holder, the worker, is gone
    assert time.monotonic() - ended < 10
    os.close(mine)


def test_the_filter_answers_for_every_denied_call_and_no_other() -> None:
    """The program is run here as the kernel runs it, for both architectures."""
    for architecture, column in ((0xC000003E, 0), (0xC00000B7, 1)):
        program = filter_program(DENIED, architecture, column)
        denied = {row[column] for row in DENIED.values()}
        for number in range(600):
            expected = 0x00050001 if number in denied else 0x00050026 if number == CLONE3 else 0x7FFF0000
            assert answer(program, architecture, number) == expected
        assert answer(program, architecture ^ 1, 0) == 0x80000000
        assert answer(program, architecture, 0x40000000 + 59) == 0x00050001

        for number, arguments, allowed in (
            (PRLIMIT[column], (0,), True),
            (PRLIMIT[column], (1,), False),
            (IOCTL[column], (0, 0x5401), True),
            (IOCTL[column], (0, 0x5412), False),
            (IOCTL[column], (0, 1 << 32 | 0x5412), False),
            (CLONE[column], (0x3D0F00,), True),
            (CLONE[column], (0x10000011,), False),
        ):
            assert answer(program, architecture, number, *arguments) == (0x7FFF0000 if allowed else 0x00050001)


PRLIMIT, IOCTL, CLONE, CLONE3 = (302, 261), (16, 29), (56, 220), 435


def answer(program: bytes, architecture: int, number: int, *arguments: int) -> int:
    data = struct.pack("=IIQ6Q", number, architecture, 0, *arguments, *(0,) * (6 - len(arguments)))
    at = accumulator = 0
    while True:
        code, yes, no, value = struct.unpack_from("=HBBI", program, 8 * at)
        at += 1
        if code == 0x06:
            return int(value)
        if code == 0x20:
            accumulator = int.from_bytes(data[value : value + 4], "little")
        else:
            tests = {0x15: accumulator == value, 0x35: accumulator >= value, 0x45: bool(accumulator & value)}
            at += yes if tests[code] else no
