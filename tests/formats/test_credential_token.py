"""Tokens that are known by their form, and what only looks like one."""

import pytest

from firmward.formats import credential_token

MARKS = frozenset(credential_token.MARKS)
LONG = "q8Zr2VtY5wLk9NxB3mHd7PfC1sGj4TaE6uRo"  # made up, as all below

TOKENS = (
    ("AWS access key", f'key = "AKIA{"Q3ZT7WLK2MXB4NPD"}"\nsecret = "{"Zk3wQ9rTx7LmB2vNc8HdYf5GjPs1KuAe4RoWqXzt"}"\n'),
    ("GitHub token", f"git clone https://ghp_{LONG}@github.com/maker/app\n"),
    ("GitHub token", f"token: github_pat_{LONG[:22]}_{LONG}{LONG[:23]}\n"),
    ("GitLab token", f"glpat-{LONG[:20]}\n"),
    ("Slack token", f"xoxb-739184620517-{LONG[:24]}\n"),
    ("Google key", f"AIza{LONG[:35]}\n"),
    ("Stripe key", f"sk_live_{LONG[:24]}\n"),
    ("SendGrid key", f"SG.{LONG[:22]}.{LONG}{LONG[:7]}\n"),
    ("Azure key", f"AccountName=x;AccountKey={(LONG * 3)[:86]}==;\n"),
    ("Azure key", f"HostName=x;SharedAccessKey={(LONG * 2)[:43]}=\n"),
    ("Telegram token", f"7183920456:AA{LONG[:33]}\n"),
    ("JSON web token", f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJkZXZpY2UtMTciLCJyb2xlIjoiYWRtaW4ifQ.{LONG}\n"),
)


@pytest.mark.parametrize(("name", "text"), TOKENS)
def test_a_token_is_known_by_its_form(name: str, text: str) -> None:
    assert name in [one.name for one in credential_token.tokens(text.encode(), MARKS)]


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7EXAMPLE\nwJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n",
        f"AKIA{'Q3ZT7WLK2MXB4NPD'}\n",  # without its secret
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n",
        "AIzaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
        # of a day: {"iat":1700000000,"exp":1700086400}
        f"eyJhbGciOiJIUzI1NiJ9.eyJpYXQiOjE3MDAwMDAwMDAsImV4cCI6MTcwMDA4NjQwMH0.{LONG}\n",
        "sk_test_4eC39HqLyjWDarjtT1zdp7dc\n",
    ],
)
def test_what_only_looks_like_a_token_is_none(text: str) -> None:
    assert list(credential_token.tokens(text.encode(), MARKS)) == []


@pytest.mark.parametrize("piece", [b"eyJ.eyJ", b"-----BEGIN ", b"AKIA"])
def test_a_hostile_file_takes_no_long_time(piece: bytes) -> None:
    list(credential_token.tokens(piece * (400_000 // len(piece)), MARKS))
