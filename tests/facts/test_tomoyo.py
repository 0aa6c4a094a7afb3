"""Whether TOMOYO's policy holds anything back."""

import pytest

from firmward.facts.collection import Collection
from firmward.facts.tomoyo import Tomoyo
from firmward.model.memory import MemoryTree

DOMAINS = "<kernel>\nuse_profile {}\nuse_group 0\n\n<kernel> /sbin/init\nuse_profile 0\n"


def tomoyo(profile: str, used: str = "3", folder: str = "etc/tomoyo/policy/current") -> Tomoyo:
    files = {f"{folder}/profile.conf": profile + "\n", f"{folder}/domain_policy.conf": DOMAINS.format(used)}
    found = Collection(MemoryTree(files)).get(Tomoyo)
    assert isinstance(found, Tomoyo)
    return found


@pytest.mark.parametrize(
    "profile",
    [
        "3-CONFIG={ mode=enforcing grant_log=no reject_log=yes }",
        "3-CONFIG::file={ mode=enforcing }",
        "PROFILE_VERSION=20150505\n0-CONFIG={ mode=disabled }\n3-CONFIG={ grant_log=no mode=enforcing }",
    ],
)
def test_a_domain_with_an_enforcing_profile_is_held(profile: str) -> None:
    assert tomoyo(profile).enforces


@pytest.mark.parametrize(
    ("profile", "used"),
    [
        ("3-CONFIG={ mode=permissive }", "3"),
        ("3-CONFIG={ mode=enforcing }", "1"),
        ("3-CONFIG={ mode=disabled }\n13-CONFIG={ mode=enforcing }", "3"),
        ("", "3"),
    ],
)
def test_without_one_it_only_watches(profile: str, used: str) -> None:
    assert not tomoyo(profile, used).enforces


def test_the_old_places_and_words_count_too() -> None:
    found = tomoyo("3-MAC_FOR_FILE=enforcing", folder="etc/tomoyo")
    assert found.enforces
    assert found.at.path == "etc/tomoyo/domain_policy.conf"
    assert not tomoyo("3-MAC_FOR_FILE=learning", folder="etc/tomoyo").enforces
