"""Accounts as look-ups on the running system give them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.facts.accounts import Account, Accounts, Password, collect
from firmward.facts.collection import Collection
from firmward.formats.crypt_hash import Scheme
from firmward.model.facts import Unknown
from firmward.model.memory import Content, MemoryTree, link

DES = "abOV.DfJmdnYw"
ROOT_X = "root:x:0:0:root:/root:/bin/sh\n"


def accounts(files: dict[str, Content]) -> Accounts:
    found = collect(MemoryTree(files))
    assert found is not None
    return found


def root(files: dict[str, Content]) -> Account:
    found = accounts(files).get("root")
    assert found is not None
    return found


PASSWORDS = {
    "an empty field of passwd": ({"etc/passwd": "root::0:0::/:/bin/sh\n"}, Password.EMPTY),
    "an empty field of shadow": ({"etc/passwd": ROOT_X, "etc/shadow": "root::1::::::\n"}, Password.EMPTY),
    "a hash in passwd": ({"etc/passwd": f"root:{DES}:0:0::/:/bin/sh\n"}, Password.HASHED),
    "a hash in shadow": ({"etc/passwd": ROOT_X, "etc/shadow": f"root:{DES}:1::::::\n"}, Password.HASHED),
    "passwd's own field counts unless it is x": (
        {"etc/passwd": "root::0:0::/:/bin/sh\n", "etc/shadow": f"root:{DES}:1::::::\n"},
        Password.EMPTY,
    ),
    "a star": ({"etc/passwd": "root:*:0:0::/:/bin/sh\n"}, Password.LOCKED),
    "a star that shadow overrules, as BusyBox reads it": (
        {"etc/passwd": "root:*:0:0::/:/bin/sh\n", "etc/shadow": f"root:{DES}:1::::::\n"},
        Password.HASHED,
    ),
    "two exclamation marks": ({"etc/passwd": ROOT_X, "etc/shadow": "root:!!:1::::::\n"}, Password.LOCKED),
    "a lock before a hash": ({"etc/passwd": ROOT_X, "etc/shadow": f"root:!{DES}:1::::::\n"}, Password.LOCKED),
    "an x in shadow": ({"etc/passwd": ROOT_X, "etc/shadow": "root:x:0:0:99999:7:::\n"}, Password.LOCKED),
    "no shadow file": ({"etc/passwd": ROOT_X}, Password.MISSING),
    "no entry in shadow": ({"etc/passwd": ROOT_X, "etc/shadow": "daemon:*:1::::::\n"}, Password.MISSING),
    "the first entry of shadow": (
        {"etc/passwd": ROOT_X, "etc/shadow": f"root:*:1::::::\nroot:{DES}:1::::::\n"},
        Password.LOCKED,
    ),
    "a shadow that is filled on the device": (
        {"etc/passwd": ROOT_X, "etc/shadow": link("/data/shadow")},
        Password.UNKNOWN,
    ),
    "a shadow that is filled from a copy": (
        {"etc/passwd": ROOT_X, "etc/shadow": link("/data/shadow"), "etc/shadow.default": "root::1::::::\n"},
        Password.EMPTY,
    ),
}


@pytest.mark.parametrize(("files", "expected"), PASSWORDS.values(), ids=PASSWORDS.keys())
def test_a_password_stands_as_its_files_say(files: dict[str, Content], expected: Password) -> None:
    assert root(files).password is expected


def test_the_first_entry_of_a_name_wins() -> None:
    found = accounts({"etc/passwd": "root:*:0:0::/:/bin/sh\nroot::0:0::/:/bin/sh\n"})
    assert [account.password for account in found.accounts] == [Password.LOCKED]


def test_a_fact_never_holds_the_hash() -> None:
    found = accounts({"etc/passwd": f"root:{DES}:0:0::/:/bin/sh\n", "etc/group": f"wheel:{DES}:10:root\n"})
    assert DES not in repr(found)
    assert found.accounts[0].scheme is Scheme.DES
    assert found.groups[0].scheme is Scheme.DES


@pytest.mark.parametrize(
    ("shell", "expected"),
    [
        ("", True),
        ("/bin/sh", True),
        ("/usr/bin/vendor-cli", True),
        ("/sbin/nologin", False),
        ("/usr/sbin/nologin", False),
        ("/bin/false", False),
        ("/bin/sync", False),
        ("/dev/null", False),
    ],
)
def test_a_shell_lets_in_or_not(shell: str, expected: bool) -> None:
    assert root({"etc/passwd": f"root::0:0::/:{shell}\n"}).has_login_shell is expected


def test_groups_come_by_number_and_by_membership() -> None:
    files: dict[str, Content] = {"etc/passwd": ROOT_X, "etc/group": "root:x:0:\nwheel:x:10:admin,root\nadm:x:4:admin\n"}
    assert root(files).groups == ("root", "wheel")


def test_lines_from_nis_are_noted() -> None:
    found = accounts({"etc/passwd": f"{ROOT_X}+@admins::::::\n+::::::\n"})
    assert [account.name for account in found.accounts] == ["root"]
    assert found.nis is not None
    assert found.nis.line == 2


def test_a_passwd_that_is_filled_on_the_device_is_unknown() -> None:
    for files in ({"etc/passwd": link("/tmp/passwd")}, {"etc": link("/tmp/etc")}):
        assert isinstance(Collection(MemoryTree(files)).get(Accounts), Unknown)


def test_the_copy_that_fills_it_is_read() -> None:
    found = root({"etc": link("/tmp/etc"), "etc_ro/passwd": "root::0:0::/:/bin/sh\n"})
    assert found.at.path == "etc_ro/passwd"


def test_an_image_without_passwd_has_no_accounts() -> None:
    assert collect(MemoryTree({"etc/group": "root:x:0:\n"})) is None


def test_lines_that_are_no_accounts_are_passed_over() -> None:
    assert accounts({"etc/passwd": "# root::0:0\n\nroot\nroot:x:zero:0::/:\n:x:0:0::/:\n"}).accounts == ()


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_can_be_read(passwd: str, shadow: str) -> None:
    tree = MemoryTree({"etc/passwd": passwd, "etc/shadow": shadow, "etc/group": shadow, "etc/gshadow": passwd})
    assert isinstance(Collection(tree).get(Accounts), Accounts)
