"""Tables of device events: udev's rules and mdev's table."""

import pytest

from firmward.formats import mdev_conf, udev_rules


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('RUN+="/bin/a %k"', [("RUN", "", "+=", "/bin/a %k")]),
        ('KERNEL=="sd*", ENV{ID_X}!="1", RUN{program}="a"',
         [("KERNEL", "", "==", "sd*"), ("ENV", "ID_X", "!=", "1"), ("RUN", "program", "=", "a")]),
        ('RUN+="sh -c \\"a b\\""', [("RUN", "", "+=", 'sh -c "a b"')]),
        ('RUN+=e"a"', [("RUN", "", "+=", "a")]),
        ('  # RUN+="a"', []),
        ('RUN+="a', []),
        ("GOTO=x", []),
    ],
)  # fmt: skip
def test_a_rule_is_its_parts(text: str, parts: list[tuple[str, str, str, str]]) -> None:
    found = [
        (part.key, part.attribute, part.operator, part.value) for rule in udev_rules.parse(text) for part in rule.parts
    ]
    assert found == parts


def test_a_rule_goes_on_behind_a_backslash_and_has_its_first_line() -> None:
    rules = udev_rules.parse('# x\nKERNEL=="a", \\\n  RUN+="b"\nRUN+="c"\n')
    assert [(rule.line, len(rule.parts)) for rule in rules] == [(2, 2), (4, 1)]
    assert [part.assigns for part in rules[0].parts] == [False, True]


def test_a_file_of_backslashes_comes_to_an_end() -> None:
    assert udev_rules.parse("\\\n" * 50_000) == ()
    assert len(udev_rules.parse('RUN+="' + '\\"' * 100_000)) == 0


@pytest.mark.parametrize(
    ("line", "event"),
    [
        ("sd[a-z] 0:6 660 @/a b", ("sd[a-z]", "/a b")),
        ("-sd[a-z] root:disk 660 $ /a", ("sd[a-z]", "/a")),
        ("$MODALIAS=.* 0:0 660 @modprobe x", ("$MODALIAS=.*", "modprobe x")),
        ("mmc 0:0 660 =disk/%0 */a", ("mmc", "/a")),
        ("mmc 0:0 660 ! */a", ("mmc", "/a")),
        ("null 0:0 666", None),
        ("# sd 0:0 660 @/a", None),
        ("", None),
    ],
)
def test_a_line_of_mdev_is_devices_and_a_command(line: str, event: tuple[str, str] | None) -> None:
    found = [(row.devices, row.command) for row in mdev_conf.parse(line)]
    assert found == ([event] if event else [])
