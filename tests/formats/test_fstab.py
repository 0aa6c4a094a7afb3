"""The table of file systems, by the rules of fstab(5) and mount(8)."""

import pytest

from firmward.formats import fstab


def test_escapes_comments_and_missing_fields() -> None:
    rows = fstab.parse("# no\n/dev/a /mnt/my\\040data\n\ntmpfs\t/tmp\ttmpfs\tnosuid,nodev 0 0\n/dev/b\n")
    assert [(row.target, row.type, row.options, row.line) for row in rows] == [
        ("/mnt/my data", "auto", ("defaults",), 2),
        ("/tmp", "tmpfs", ("nosuid", "nodev"), 4),
    ]


@pytest.mark.parametrize(
    ("options", "held"),
    [
        ("defaults", ""),
        ("nosuid,nodev,noexec,defaults", ""),
        ("users", "nosuid nodev noexec"),
        ("users,exec", "nosuid nodev"),
        ("ro,remount,rw", ""),
        ('context="a,ro",nodev', "nodev"),
    ],
)
def test_the_last_option_holds(options: str, held: str) -> None:
    assert fstab.flags(fstab.split(options)) == frozenset(held.split())
