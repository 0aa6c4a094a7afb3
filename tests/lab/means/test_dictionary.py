"""The names and passwords of a botnet."""

from firmward.lab.means.dictionary import EACH, USERS, passwords


def test_the_first_is_the_one_that_mirai_tries_first() -> None:
    assert USERS[0] == "root"
    assert passwords("root") == ("xc3511", "vizxv", "admin", "888888", "xmhdipc", "default")
    assert passwords("support")[0] == "support"


def test_no_user_has_more_than_a_server_takes_on_one_connection() -> None:
    assert all(len(passwords(user)) <= EACH for user in USERS)
