"""Guessing: bounded, cheap first, and honest about what was not tried."""

import pytest

from firmward.facts import weak_passwords
from firmward.facts.accounts import Field
from firmward.facts.collection import Collection
from firmward.facts.weak_passwords import Guess, Origin, WeakPasswords, candidates, guess, host_crypt
from firmward.model.location import Location
from firmward.model.memory import MemoryTree

CRYPT = host_crypt()
needs_crypt = pytest.mark.skipif(CRYPT is None, reason="no libcrypt on this machine")
SETTINGS = {
    "DES": "ab",
    "BSDi DES": "_J9..abcd",
    "MD5": "$1$abcdefgh$",
    "NT": "$3$$",
    "SHA-256": "$5$rounds=1000$abcdefgh$",
    "SHA-512": "$6$rounds=1000$abcdefgh$",
    "bcrypt": "$2b$04$abcdefghijklmnopqrstuu",
    "yescrypt": "$y$j75$abcdefghijklmnop$",
}


def field(account: str, value: str) -> Field:
    return Field(account, value, Location("etc/shadow", 1), in_passwd=False)


def hashed(password: str, setting: str) -> str:
    assert CRYPT is not None
    made = CRYPT(password, setting)
    if made is None:
        pytest.skip("this host's libcrypt does not know the scheme")
    return made


@needs_crypt
@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS.keys())
def test_a_botnets_password_is_guessed_under_every_scheme(setting: str) -> None:
    found = guess([field("root", hashed("xc3511", setting))], (), CRYPT)
    assert [(each.guess, each.origin) for each in found.passwords] == [(Guess.GUESSED, Origin.BOTNET)]


@needs_crypt
@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS.keys())
def test_a_good_password_withstands(setting: str) -> None:
    found = guess([field("root", hashed("pT7!wq-Zk29", setting))], (), CRYPT)
    assert [each.guess for each in found.passwords] == [Guess.WITHSTOOD]


@needs_crypt
@pytest.mark.parametrize("password", ["", "operator", "operator123", "camera", "camera1234"])
def test_the_names_of_account_and_product_are_tried(password: str) -> None:
    found = guess([field("operator", hashed(password, "$1$abcdefgh$"))], ("camera",), CRYPT)
    assert [each.guess for each in found.passwords] == [Guess.GUESSED]


@needs_crypt
def test_the_password_never_enters_the_fact() -> None:
    tree = MemoryTree({"etc/passwd": f"root:{hashed('xc3511', '$1$abcdefgh$')}:0:0::/:/bin/sh\n"})
    found = Collection(tree).get(WeakPasswords)
    assert isinstance(found, WeakPasswords)
    assert found.passwords[0].guess is Guess.GUESSED
    assert "xc3511" not in repr(found)


def test_without_a_libcrypt_nothing_withstands() -> None:
    found = guess([field("root", "abOV.DfJmdnYw")], (), None)
    assert [each.guess for each in found.passwords] == [Guess.UNTRIED]


def test_a_scheme_that_libcrypt_does_not_know_is_untried() -> None:
    found = guess([field("root", "abOV.DfJmdnYw")], (), lambda password, setting: None)
    assert found.passwords[0].guess is Guess.UNTRIED
    assert "does not know DES" in (found.passwords[0].reason or "")


def test_a_hash_that_asks_for_hours_is_never_tried() -> None:
    def crypt(password: str, setting: str) -> str | None:
        raise AssertionError("tried")

    found = guess([field("root", "$6$rounds=999999999$ab$" + "a" * 86)], (), crypt)
    assert found.passwords[0].guess is Guess.UNTRIED


def test_dear_hashes_end_with_the_budget_and_cheap_ones_come_first() -> None:
    tried: list[str] = []

    def crypt(password: str, setting: str) -> str | None:
        tried.append(setting)
        return "no"

    dear = "$2b$12$" + "a" * 53
    found = guess([field("a", dear), field("b", "abOV.DfJmdnYw")], (), crypt)
    assert [each.guess for each in found.passwords] == [Guess.UNTRIED, Guess.WITHSTOOD]
    assert tried[0] == "abOV.DfJmdnYw"
    assert tried.count(dear) * 60 * 2**12 <= weak_passwords.BUDGET * 1_000_000


def test_an_equal_hash_is_reckoned_once() -> None:
    tried: list[tuple[str, str]] = []

    def crypt(password: str, setting: str) -> str | None:
        tried.append((password, setting))
        return "no"

    guess([field("root", "abOV.DfJmdnYw"), field("admin", "abOV.DfJmdnYw")], (), crypt)
    assert len(tried) == len(set(tried))


def test_plain_text_is_compared_as_it_stands() -> None:
    found = guess([field("root", "admin"), field("user", "Xk#91__q")], (), None)
    assert [each.guess for each in found.passwords] == [Guess.GUESSED, Guess.UNTRIED]


def test_candidates_come_once_and_the_likeliest_first() -> None:
    passwords = [password for password, _ in candidates("root", ("camera",))]
    assert len(passwords) == len(set(passwords))
    assert passwords[0] == "xc3511"
