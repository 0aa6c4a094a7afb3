"""From lines of the serial line to stages."""

import pytest

from firmward.lab.stages import Course, Mishap, Sign, Stage, read_line

LINES = (
    ("U-Boot 2023.01 (Jan 01 2026 - 00:00:00 +0000)", Stage.LOADER, "U-Boot 2023.01", None),
    ("U-Boot 2023.01+dfsg-2+deb12u3 (Jun 22 2026)", Stage.LOADER, "U-Boot 2023.01+dfsg-2+deb12u3", None),
    ("firmward: slot a, 2 tries left", Stage.SLOT, "2 tries left", "a"),
    ("firmward: slot b, 1 try left", Stage.SLOT, "1 try left", "b"),
    ("firmward: slot b refused: bad signature", Mishap.REFUSED, "bad signature", "b"),
    ("Starting kernel ...", Stage.KERNEL, "", None),
    ("[    0.000000] Linux version 6.1.0-56-arm64 (gcc)", Stage.KERNEL, "6.1.0-56-arm64", None),
    ("[    0.000000][    T0] Linux version 6.6.1 (gcc)", Stage.KERNEL, "6.6.1", None),
    ("[    1.204567] firmward: root verified", Stage.VERIFIED, "", None),
    ("firmward: root verified", Stage.VERIFIED, "", None),
    ("[   12.000001] firmward: going on to the system", Stage.SYSTEM, "", None),
    ("[   12.000001] firmward: slot a is healthy", Stage.HEALTHY, "", "a"),
    ("firmward: slot b is healthy", Stage.HEALTHY, "", "b"),
    ("[    3.1] firmward: slot a is not healthy after 60 seconds", None, "", None),
    (
        "[   60.100000] firmward: slot a is not healthy after 60 seconds",
        Mishap.TOLD,
        "slot a is not healthy after 60 seconds",
        None,
    ),
    ("firmward: there is no partition root_a", Mishap.TOLD, "there is no partition root_a", None),
    ("[    2.000000] Kernel panic - not syncing: dm-verity device corrupted", Mishap.PANIC, None, None),
    ("echo U-Boot 2023.01", None, "", None),
    ("he said: firmward: slot a is healthy", None, "", None),
    ("", None, "", None),
)


@pytest.mark.parametrize(("line", "what", "detail", "slot"), LINES)
def test_a_line_is_a_sign_or_none(line: str, what: Stage | Mishap | None, detail: str | None, slot: str | None) -> None:
    found = read_line(line)
    if what is None:
        assert found is None
    else:
        assert found is not None
        assert (found.what, found.slot) == (what, slot)
        assert detail in (None, found.detail)


def test_a_detail_moves_no_cursor_and_has_a_bound() -> None:
    found = read_line("firmward: \x1b[2J" + "x" * 5000)
    assert found is not None
    assert found.detail.startswith("[2Jx")
    assert len(found.detail) == 199


def test_a_stage_counts_once_in_a_start() -> None:
    course = Course()
    course.line(1.0, "U-Boot 2023.01")
    assert len(course.line(2.0, "Starting kernel ...")) == 1
    assert course.line(2.5, "[    0.000000] Linux version 6.1") == []


def test_a_refusal_that_two_witnesses_saw_counts_once_in_a_start() -> None:
    course = Course()
    assert len(course.line(1.0, "firmward: slot a refused: not signed")) == 1
    assert course.sign(1.0, Sign(Mishap.REFUSED, "by the boot loader", "a")) == []
    course.reset(2.0)
    assert len(course.line(3.0, "firmward: slot b refused: not signed")) == 1


def test_the_boot_loaders_second_name_is_a_second_start() -> None:
    course = Course()
    course.line(1.0, "U-Boot 2023.01")
    course.line(2.0, "firmward: slot a, 0 tries left")
    steps = course.line(9.0, "U-Boot 2023.01")
    assert [(one.start, one.sign.what) for one in steps] == [(1, Mishap.RESTARTED), (2, Stage.LOADER)]
    assert course.starts == 2
    assert course.slot is None


@pytest.mark.parametrize("reset_first", [True, False])
def test_a_reset_and_the_boot_loader_behind_it_are_one_start(reset_first: bool) -> None:
    """QEMU and the serial line may be heard in either order."""
    course = Course()
    course.line(1.0, "U-Boot 2023.01")
    for _ in range(3):
        if reset_first:
            course.reset(2.0)
        course.line(2.0, "U-Boot 2023.01")
        if not reset_first:
            course.reset(2.0)
    assert course.starts == 4


def test_resets_alone_count_where_the_console_is_off() -> None:
    course = Course()
    course.reset(2.0)
    course.reset(4.0)
    assert course.starts == 3


def test_nothing_is_taken_back_once_it_was_healthy() -> None:
    course = Course()
    course.line(1.0, "firmward: slot b is healthy")
    assert course.is_healthy
    assert course.slot == "b"
    assert course.sign(2.0, Sign(Stage.SLOT, "3 tries left", "a")) == []
    assert course.slot == "b"


def test_health_of_an_earlier_start_is_none_of_this_one() -> None:
    course = Course()
    course.line(1.0, "firmward: slot a is healthy")
    course.reset(2.0)
    assert not course.is_healthy
