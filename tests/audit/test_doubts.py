"""What can hardly be meant is told with its place; what is meant is left in peace."""

from datetime import date
from pathlib import Path

import pytest

from firmward.audit.doubts import doubts, line_of
from firmward.model.policy import parse_policy

TODAY = date(2026, 11, 20)
ACCEPTED = '[[accepted]]\ncheck = "{}"\nreason = "{}"\nowner = "{}"\nexpires = {}\n'

ODD = [
    ("[support]\nuntil = 2026-11-19\n", "support.until", "is past"),
    ("[support]\nyears_from_activation = 0\n", "support.years_from_activation", "are none"),
    ("[[listen]]\nport = 22\n[[listen]]\nport = 22\n", "listen[2].port", "tcp/22 is declared twice"),
    ("[[account]]\nname = 'a'\n[[account]]\nname = 'a'\n", "account[2].name", "twice"),
    ("[[zone]]\nname = 'cams'\n[[flow]]\nfrom = 'cam'\nto = 'lan'\n", "flow[1].from", "did you mean cams"),
    ("[[listen]]\nport = 22\nfrom = 'office'\n", "listen[1].from", "'office' is no"),
    ("[filesystem]\nwritable = ['data']\n", "filesystem.writable[1]", "no slash"),
    ("[update]\nmechanism = 'rauc'\n", "update.mechanism", "names no keys"),
    ("[update]\nserver = 'http://u.example'\n", "update.server", "without encryption"),
    (ACCEPTED.format("telnet-enable", "r", "o", "2027-01-01"), "accepted[1].check", "did you mean telnet-enabled"),
    (ACCEPTED.format("telnet-enabled", "r", "o", "2026-11-19"), "accepted[1].expires", "until 2026-11-19"),
    (ACCEPTED.format("telnet-enabled", "r", " ", "2027-01-01"), "accepted[1].owner", "is empty"),
    (ACCEPTED.format("telnet-enabled", "", "o", "2027-01-01"), "accepted[1].reason", "is empty"),
    ("[[review]]\nkind = 'code-review'\ndate = 2026-11-21\nowner = 'o'\n", "review[1].date", "yet to come"),
    ("[[review]]\nkind = 'code-review'\ndate = 2026-01-01\nowner = 'o'\nnext = 2026-01-02\n", "review[1].next", "due"),
    (
        "[[release]]\nversion = '1.0'\ndate = 2026-01-01\n"
        "[[review]]\nkind = 'code-review'\ndate = 2026-01-01\nowner = 'o'\nrelease = '1.1'\n",
        "review[1].release",
        "did you mean 1.0",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "place", "words"), ODD, ids=[row[1] for row in ODD])
def test_what_is_odd_is_told_once_with_its_place(text: str, place: str, words: str) -> None:
    (found,) = doubts(parse_policy(text), TODAY)
    assert (found.place, words in found.message) == (place, True), found.message


MEANT = [
    "schema = 1\n[device]\nproduct = 'camera'\n",
    "[support]\nuntil = 2026-11-20\n",
    "[[listen]]\nport = 53\nfrom = 'local'\n[[listen]]\nport = 53\nprotocol = 'udp'\nfrom = '10.0.0.0/8'\n",
    "[device]\nproduct = 'camera'\n[[zone]]\nname = 'x'\n[[flow]]\nfrom = 'x'\nto = 'camera'\n",
    "[update]\nmechanism = 'rauc'\nkeys = ['release.pub']\nserver = 'https://u.example'\n",
    "[update]\nmechanism = 'apt'\n",
    ACCEPTED.format("telnet-enabled", "r", "o", "2026-11-20"),
]


@pytest.mark.parametrize("text", MEANT)
def test_what_is_meant_is_left_in_peace(text: str) -> None:
    assert doubts(parse_policy(text), TODAY) == ()


def test_the_sample_policy_has_no_more_than_its_missing_keys() -> None:
    path = Path(__file__).parents[2] / "examples" / "camera" / "device.toml"
    assert {doubt.place for doubt in doubts(parse_policy(path.read_text(encoding="utf-8")), TODAY)} <= {
        "update.mechanism"
    }


TEXT = """schema = 1
[device]
product = "x"
# port = 1
[[listen]]
port = 22

[[listen]]
protocol = "udp"
port = 53
[support]
"until" = 2031-01-01
"""
LINES = [
    ("schema", 1),
    ("device.product", 3),
    ("listen[1].port", 6),
    ("listen[2].port", 10),
    ("listen[2].service", 8),
    ("support.until", 12),
    ("listen[3].port", None),
    ("zone", None),
    ("", None),
]


@pytest.mark.parametrize(("place", "line"), LINES)
def test_the_line_of_a_place_is_found(place: str, line: int | None) -> None:
    assert line_of(TEXT, place) == line
