"""Keys that open accounts, wherever the servers look for them."""

import json

from hypothesis import given
from hypothesis import strategies as st

from firmward.facts.authorized_keys import AuthorizedKeys, parse
from firmward.facts.collection import Collection
from firmward.facts.host_keys import HostKeys
from firmward.model.memory import Content, MemoryTree, link

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
PASSWD = "root:*:0:0::/root:/bin/sh\nadmin:*:1000:1000::/home/admin:/bin/sh\n"
PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"


def keys(files: dict[str, Content]) -> list[tuple[str, str | None]]:
    found = Collection(MemoryTree({"etc/passwd": PASSWD, **files})).get(AuthorizedKeys)
    assert isinstance(found, AuthorizedKeys)
    return [(key.account, key.at.path) for key in found.keys]


def test_they_are_found_in_every_home() -> None:
    assert keys({"root/.ssh/authorized_keys": KEY, "home/admin/.ssh/authorized_keys2": KEY}) == [
        ("root", "root/.ssh/authorized_keys"),
        ("admin", "home/admin/.ssh/authorized_keys2"),
    ]


def test_they_are_found_where_dropbear_keeps_roots_on_openwrt() -> None:
    assert keys({"etc/dropbear/authorized_keys": KEY}) == [("root", "etc/dropbear/authorized_keys")]


def test_they_are_found_where_sshd_is_told_to_look() -> None:
    files: dict[str, Content] = {
        "etc/ssh/sshd_config": "AuthorizedKeysFile /etc/keys/%u %h/.keys\n",
        "etc/keys/admin": KEY,
        "root/.keys": KEY,
    }
    assert sorted(keys(files)) == [("admin", "etc/keys/admin"), ("root", "root/.keys")]


def test_they_are_found_in_the_configuration_of_balena() -> None:
    text = json.dumps({"os": {"sshKeys": [f"{KEY} one", 7, "no key", f"{KEY} two"]}}, indent=1)
    found = Collection(MemoryTree({"mnt/boot/config.json": text})).get(AuthorizedKeys)
    assert isinstance(found, AuthorizedKeys)
    assert [(key.account, str(key.at)) for key in found.keys] == [
        ("root", "mnt/boot/config.json:4"),
        ("root", "mnt/boot/config.json:7"),
    ]
    for other in ("", "{", "[]", '{"os": ["sshKeys"]}', '{"os": {"sshKeys": "x"}}', "sshKeys" + "[" * 100_000):
        assert keys({"mnt/boot/config.json": other}) == []


def test_they_and_host_keys_are_found_on_the_state_partition_of_balena() -> None:
    state = "mnt/state/root-overlay"
    assert keys({f"{state}/root/.ssh/authorized_keys": KEY}) == [("root", f"{state}/root/.ssh/authorized_keys")]
    files: dict[str, Content] = {
        "etc/ssh/sshd_config": "HostKey /etc/ssh/hostkeys/ssh_host_ed25519_key\n",
        f"{state}/etc/ssh/hostkeys/ssh_host_ed25519_key": PRIVATE,
        f"{state}/etc/ssh/ssh_host_rsa_key": PRIVATE,
    }
    found = Collection(MemoryTree(files)).get(HostKeys)
    assert isinstance(found, HostKeys)
    assert {key.at.path for key in found.keys} == set(files) - {"etc/ssh/sshd_config"}


def test_options_are_told_by_their_names() -> None:
    [found] = parse(f'from="10.0.0.0/8, x",command="/bin/a \\"b c\\"",no-pty {KEY} me\n', "root", "k")
    assert found.options == ("from", "command", "no-pty")
    assert found.is_confined
    assert found.fingerprint.startswith("SHA256:")


def test_lines_without_a_key_are_passed_over() -> None:
    assert list(parse(f"# {KEY}\n\nssh-ed25519 notbase64 x\nrestrict\n", "root", "k")) == []


def test_a_host_key_that_is_made_at_first_boot_is_none() -> None:
    files: dict[str, Content] = {
        "etc/ssh/sshd_config": "HostKey /etc/ssh/own\n",
        "etc/ssh/ssh_host_rsa_key": link("/data/ssh_host_rsa_key"),
        "etc/ssh/ssh_host_ed25519_key": "",
        "etc/ssh/own": PRIVATE,
    }
    found = Collection(MemoryTree(files)).get(HostKeys)
    assert isinstance(found, HostKeys)
    assert [key.at.path for key in found.keys] == ["etc/ssh/own"]


@given(st.text(alphabet='ssh-ed25519 AAAA,="\\#\nfrom', max_size=120))
def test_any_text_can_be_read(text: str) -> None:
    list(parse(text, "root", "k"))
