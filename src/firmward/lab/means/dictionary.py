"""The names and passwords that a botnet tries: the likeliest first, and as many as a server takes on one connection."""

from itertools import islice

from firmward.facts.weak_passwords import candidates

USERS = ("root", "admin", "support", "guest")
EACH = 6
"""Passwords of one user."""


def passwords(user: str) -> tuple[str, ...]:
    return tuple(password for password, _ in islice(candidates(user), EACH))
