"""A reader that dies, hangs or lies costs one part, and nobody is left behind."""

import ctypes
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
import typer
from processes import end, is_alive

from firmward.cli import caged, inside
from firmward.cli.caged import (
    ANSWER,
    ENTER,
    ERROR,
    FAULT,
    FRAME_LIMIT,
    HEAD,
    PART,
    TELL,
    Fault,
    Journal,
    Lost,
    loads,
    run_caged,
    walls_around,
)
from firmward.cli.console import Color
from firmward.cli.judging import Question, Reading, audit_target
from firmward.image import catalogue
from firmward.image.budget import Budget, Limits
from firmward.image.cage import walls
from firmward.image.format import About, Child, Format, Magic
from firmward.image.source import Source, open_file
from firmward.model.clock import Clock
from firmward.model.errors import InputError
from firmward.model.report import Part, Report

WORDS = About("a crasher", "nothing", "all", "none")
SIZE = 8192
QUESTION = Question(("telnet-enabled",), None, Clock(date(2026, 11, 20)))


def dies(how: str) -> Format:
    def opening(source: Source, budget: Budget) -> Iterator[Child]:
        match how:
            case "abort":
                os.abort()
            case "segfault":
                ctypes.string_at(0)
            case "exit":
                os._exit(7)
            case "memory":
                bytearray(1 << 40)
            case "hang":
                time.sleep(60)  # gives no sign of life
            case "fill":
                hoard = []
                while True:
                    hoard.append(bytes(64 << 20))
        yield from ()

    magic = f"!{how.upper()}!".encode()
    return Format(how, (Magic(magic),), lambda source: SIZE, opening, WORDS)


@pytest.fixture
def formats(monkeypatch: pytest.MonkeyPatch) -> None:
    """Formats whose readers are broken, beside the real ones."""
    known = catalogue.kinds()
    extra = tuple(dies(how) for how in ("abort", "segfault", "exit", "memory", "hang", "fill"))
    monkeypatch.setattr(catalogue, "kinds", lambda: (*known, *extra))


@pytest.fixture
def archive(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A system as a cpio, to be read whatever lies beside it."""
    names = b"etc\netc/passwd\nbin\nbin/sh\n"
    folder = tmp_path_factory.mktemp("root")
    for name, content in (("etc/passwd", b"root:x:0:0::/:/bin/sh\n"), ("bin/sh", b"#!x" * 2000)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=folder, input=names, capture_output=True).stdout


def dump(*parts: bytes) -> bytes:
    return b"".join(part.ljust(-(-len(part) // SIZE) * SIZE, b"\xff") + b"\xff" * SIZE for part in parts)


def broken(how: str) -> bytes:
    return f"!{how.upper()}!".encode().ljust(SIZE, b"x")


def report_on(path: Path, limits: Limits | None = None) -> Report:
    limits = limits or Limits(seconds=60, memory=1 << 30)
    return audit_target(path, QUESTION, Reading(limits, 2), lambda message: None)


REASONS = {
    "abort": "ended by SIGABRT",
    "segfault": "ended by SIGSEGV",
    "exit": "ended with 7 and no answer",
    "memory": "needs more than 1024 MiB",
    "fill": "needs more than 1024 MiB",
    "hang": "no sign of life",
}


@pytest.mark.usefixtures("formats")
@pytest.mark.parametrize("how", REASONS)
def test_a_reader_that_fails_costs_its_part_only(
    how: str, archive: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caged, "SILENCE", 2.0 if how == "hang" else 30.0)
    path = tmp_path / "dump"
    path.write_bytes(dump(b"\xfe" * SIZE, broken(how), archive))
    report = report_on(path)
    problems = {part.kind: part.problem for part in report.parts}
    assert REASONS[how] in (problems.get(how) or problems.get("unknown") or "")
    assert [part.role for part in report.parts if part.kind == "cpio"] == ["initramfs"]
    assert report.judged == 1
    assert not report.budget.complete


@pytest.mark.usefixtures("formats")
def test_several_readers_may_fail(archive: bytes, tmp_path: Path) -> None:
    path = tmp_path / "dump"
    path.write_bytes(dump(b"\xfe" * SIZE, broken("abort"), broken("segfault"), archive, broken("exit")))
    report = report_on(path)
    assert sum("its reader" in (part.problem or "") for part in report.parts) == 3
    assert report.judged == 1


@pytest.mark.usefixtures("formats")
def test_too_many_failures_still_give_a_report(tmp_path: Path) -> None:
    path = tmp_path / "dump"
    path.write_bytes(dump(b"\xfe" * SIZE, *[broken("abort")] * (caged.RESTARTS + 2)))
    report = report_on(path)
    assert not report.budget.complete
    assert report.unknown == 1


def test_a_file_that_shrinks_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(os.urandom(64 << 10))

    def work(journal: Journal, avoided: Mapping[str, str]) -> int:
        source = open_file(path)
        journal.enter("image")
        journal.tell("mapped")
        time.sleep(0.3)
        return len(source.read(0, 64 << 10))

    def shrink(message: str) -> None:
        os.truncate(path, 100)

    assert run_caged(work, walls_around(path, Limits()), 10, shrink) == 100


def test_a_file_that_goes_on_shrinking_is_told(tmp_path: Path) -> None:
    def work(journal: Journal, avoided: Mapping[str, str]) -> int:
        os.kill(os.getpid(), signal.SIGBUS)
        return 0

    with pytest.raises(Lost, match="became shorter"):
        run_caged(work, walls_around(tmp_path, Limits()), 10, print)


def test_a_file_that_changes_meanwhile_makes_the_report_incomplete(archive: bytes, tmp_path: Path) -> None:
    path = tmp_path / "dump"
    path.write_bytes(archive)
    touched = []

    def touch(message: str) -> None:
        if not touched:
            touched.append(os.utime(path, (1, 1)))

    report = audit_target(path, QUESTION, Reading(Limits()), touch)
    assert "changed while it was read" in report.budget.exhausted[0]


def test_what_the_user_did_wrong_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no-such"):
        report_on(tmp_path / "no-such")


def test_a_fault_of_ours_is_told_with_its_place(tmp_path: Path) -> None:
    def work(journal: Journal, avoided: Mapping[str, str]) -> int:
        raise ZeroDivisionError("by nought")

    with pytest.raises(Fault, match="by nought"):
        run_caged(work, walls_around(tmp_path, Limits()), 10, print)


class Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return os.system, ("echo taken over",)


@pytest.mark.parametrize("value", [Evil(), [Evil()], Fault("x"), Path("/"), signal.SIGTERM])
def test_a_worker_cannot_make_the_leader_do_anything(value: object) -> None:
    with pytest.raises(Fault, match="cannot be taken"):
        loads(pickle.dumps(value))


def test_a_message_has_no_module_loaded() -> None:
    with pytest.raises(Fault, match="cannot be taken"):
        loads(b"cthis\ns\n.")
    assert "this" not in sys.modules


def test_a_message_of_any_length_is_not_waited_for(tmp_path: Path) -> None:
    def work(journal: Journal, avoided: Mapping[str, str]) -> int:
        os.write(journal._pipe, HEAD.pack(TELL, FRAME_LIMIT + 1))
        return 0

    with pytest.raises(Fault, match="absurdly long"):
        run_caged(work, walls_around(tmp_path, Limits()), 10, print)


@pytest.mark.parametrize(
    "message",
    [
        (TELL, b"\xff\xfe"),
        (ENTER, b"\xff"),
        (FAULT, b"\xff"),
        (PART, pickle.dumps(Part(["no", "id"], "gpt"))),  # type: ignore[arg-type]
        (ERROR, b"(l0\n" + b"(g0\ng0\nl0\n" * 200 + b"."),
        (ANSWER, b"garbage"),
        (b"?", b""),
    ],
    ids=lambda message: message[0].decode(),
)
def test_what_no_worker_of_ours_says_ends_in_a_fault_or_is_passed_over(
    message: tuple[bytes, bytes], tmp_path: Path
) -> None:
    def work(journal: Journal, avoided: Mapping[str, str]) -> int:
        journal._say(*message)
        return 7

    with suppress(Fault):
        assert run_caged(work, walls_around(tmp_path, Limits()), 10, lambda _: None) == 7


def test_a_worker_that_never_ends_to_name_parts_is_not_listened_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(journal: Journal, avoided: Mapping[str, str]) -> int:
        while True:
            journal.enter("image")

    monkeypatch.setattr(caged, "FRAME_LIMIT", 1 << 20)
    with pytest.raises(Fault, match="more than there can be"):
        run_caged(work, walls_around(tmp_path, Limits()), 10, lambda _: None)


def test_records_of_the_model_pass() -> None:
    part = Part("image", "gpt", size=3)
    assert loads(pickle.dumps([part])) == [part]


def test_nobody_is_left_when_the_leader_is_told_to_stop(tmp_path: Path) -> None:
    mine, theirs = os.pipe()

    def work(journal: Journal, avoided: Mapping[str, str]) -> int:
        os.write(theirs, b"%d" % os.getpid())
        time.sleep(60)
        return 0

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        with pytest.raises(KeyboardInterrupt):
            run_caged(work, walls_around(tmp_path, Limits()), 10, print)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    worker = int(os.read(mine, 20))
    os.close(mine), os.close(theirs)
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)


def test_a_reader_in_its_cage_reads_the_image_and_nothing_beside_it(tmp_path: Path) -> None:
    if not walls().landlock:
        pytest.skip("this kernel has no Landlock")
    (tmp_path / "image").write_bytes(b"an image")
    (tmp_path / "secret").write_bytes(b"a key")

    def work(journal: Journal, avoided: Mapping[str, str]) -> list[str]:
        said = []
        for path in (tmp_path / "image", tmp_path / "secret", Path("/etc/passwd")):
            try:
                said.append(path.read_text()[:8])
            except PermissionError:
                said.append("refused")
        return said

    assert run_caged(work, walls_around(tmp_path / "image", Limits()), 10, print) == ["an image", "refused", "refused"]


@pytest.mark.usefixtures("formats")
def test_looking_inside_says_that_its_reader_was_lost(
    archive: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "dump"
    path.write_bytes(dump(b"\xfe" * SIZE, *[broken("abort")] * (caged.RESTARTS + 2)))
    look = inside.Look(path, 60, 64, Color.NEVER)
    with pytest.raises(typer.Exit) as left:
        inside.look_into(look, lambda image, tell: 0)
    assert left.value.exit_code == inside.EXIT_INCOMPLETE
    assert "the process that read dump was ended by SIGABRT" in capsys.readouterr().err


@pytest.mark.usefixtures("formats")
def test_the_parts_that_were_read_are_told_when_readers_go_on_dying(archive: bytes, tmp_path: Path) -> None:
    path = tmp_path / "dump"
    path.write_bytes(dump(b"\xfe" * SIZE, archive, *[broken("abort")] * (caged.RESTARTS + 2)))
    assert "cpio" in {part.kind for part in report_on(path).parts}


def test_nobody_is_left_when_the_leader_is_killed(tmp_path: Path) -> None:
    mine, theirs = os.pipe()

    def work(journal: Journal, avoided: Mapping[str, str]) -> int:
        os.write(theirs, b"%d" % os.getpid())
        time.sleep(60)
        return 0

    leader = os.fork()
    if leader == 0:
        with suppress(BaseException):
            run_caged(work, walls_around(tmp_path, Limits()), 30, print)
        os._exit(0)
    worker = int(os.read(mine, 20))
    os.kill(leader, signal.SIGKILL)
    os.waitpid(leader, 0)
    os.close(mine), os.close(theirs)
    try:
        assert not is_alive(worker)
    finally:
        end(worker)
