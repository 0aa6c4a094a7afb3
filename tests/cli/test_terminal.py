"""The terminal's report: bounded, without secrets or markup, readable without colour and in plain ASCII."""

import io

import pytest
from report_sample import SAMPLES, SECRETS, camera, clean, many, unreadable
from rich.console import Console

from firmward.cli.console import Color, make_console
from firmward.cli.terminal import FINDINGS_SHOWN, print_report
from firmward.model.report import Report


def printed(report: Report, width: int = 100, encoding: str = "utf-8", color: bool = False) -> str:
    buffer = io.BytesIO()
    stream = io.TextIOWrapper(buffer, encoding=encoding, errors="strict")
    print_report(report, Console(file=stream, width=width, force_terminal=color, legacy_windows=False))
    stream.flush()
    return buffer.getvalue().decode(encoding)


@pytest.mark.parametrize("width", [80, 100, 140])
@pytest.mark.parametrize("sample", SAMPLES)
def test_no_line_is_wider_than_the_terminal(sample: str, width: int) -> None:
    assert max(map(len, printed(SAMPLES[sample](), width).splitlines())) <= width


def test_it_begins_with_the_verdict_and_its_coverage() -> None:
    lines = printed(camera()).split("\n")
    assert "Not fit to ship as it is: 6 critical and 13 high problems" in lines[1]
    assert "21 of 25 checks were judged; 4 could not be" in lines[2]


def test_nothing_read_is_no_good_news() -> None:
    text = printed(unreadable())
    assert "No verdict" in text
    assert "✓" not in text
    assert "no root file system could be read" in text


def test_good_news_is_said() -> None:
    assert "✓ Nothing found, and every check was judged" in printed(clean())


def test_many_findings_are_bounded() -> None:
    text = printed(many(400))
    assert text.count("finding ") <= 25 * FINDINGS_SHOWN + 10
    assert "and 11 more" in text


def test_no_secret_is_printed() -> None:
    assert [secret for secret in SECRETS if secret in printed(camera(), 4000)] == []


def test_names_from_the_image_do_nothing() -> None:
    text = printed(camera(), color=True)
    assert "\\x1b[31m" in text
    assert "\x1b[31m'" not in text
    assert "\u202e" not in text


def test_plain_ascii_is_enough() -> None:
    text = printed(camera(), encoding="ascii")
    assert "# CRITICAL" in text
    assert "> Lock the account" in text


def test_colours_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert make_console(Color.AUTO).no_color
    assert not make_console(Color.ALWAYS).no_color
    assert make_console(Color.NEVER).color_system is None


def test_without_colour_there_is_no_escape() -> None:
    assert "\x1b" not in printed(camera())
    assert "\x1b[" in printed(camera(), color=True)


def test_a_place_is_not_said_twice() -> None:
    (many_parts, one_part) = (printed(camera()), printed(many(12)))
    assert "etc/shadow:1 in rootfs_a" in many_parts
    assert "configuration-file.conf:1" in one_part
    assert "in rootfs_a" not in one_part
