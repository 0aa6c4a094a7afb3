"""What Samba runs, and the hashes that it keeps."""

import time

import pytest

from firmward.audit.catalogue import find_check
from firmward.audit.example import judge_example
from firmward.facts.collection import Collection
from firmward.facts.samba import Samba
from firmward.facts.samba_passwords import USERS_LIMIT, SambaPasswords
from firmward.formats.md4 import nt_hash
from firmward.model.check import Example
from firmward.model.finding import Outcome, Severity
from firmward.model.memory import Content, MemoryTree, Node, executable
from firmward.model.tree import Kind

NT = "2E8F1A5C7D90B3461FA8C27E5D6B4093"
CONF, FILE = "etc/samba/smb.conf", "etc/samba/smbpasswd"
BOOTED: dict[str, Content] = {"etc/inittab": "::sysinit:/bin/mount -a\n", "etc/fstab": "/dev/root / ext4 ro 0 0\n"}
PASSWD: dict[str, Content] = {"etc/passwd": "root:*:0:0::/root:/bin/sh\n"}


def samba(files: dict[str, Content]) -> Samba:
    found = Collection(MemoryTree(files)).get(Samba)
    assert isinstance(found, Samba), found
    return found


def line(name: str = "line", nt: str = NT, flags: str = "U", lanman: str = "X" * 32) -> str:
    return f"{name}:1000:{lanman}:{nt}:[{flags:<11}]:LCT-66A1B2C3:\n"


def passwords(files: dict[str, Content]) -> SambaPasswords | None:
    found = Collection(MemoryTree(files)).get(SambaPasswords)
    assert found is None or isinstance(found, SambaPasswords), found
    return found


def test_commands_are_found_in_what_is_included() -> None:
    files: dict[str, Content] = {
        CONF: "[global]\ninclude = /etc/samba/%m.conf\nadd user script = /usr/bin/add %u\n",
        "etc/samba/a.conf": "[a]\npath = /srv\nroot preexec = sh -c '/srv/pre.sh %u; /srv/%U/x'\npreexec = /srv/p\n",
        "etc/samba/b.conf": "include = /etc/samba/b.conf\n",
    }
    told = {(one.parameter, one.is_connected, one.paths) for one in samba(files).commands}
    assert told == {
        ("adduserscript", False, ("/usr/bin/add",)),
        ("rootpreexec", False, ("/srv/pre.sh",)),
        ("preexec", True, ("/srv/p",)),
    }


def test_another_file_is_named_where_smbd_starts() -> None:
    files: dict[str, Content] = {
        "etc/inittab": "::respawn:/usr/sbin/smbd -F -s /opt/smb.conf\n",
        "usr/sbin/smbd": executable(b"\x7fELF\x02\x01\x01"),
        "opt/smb.conf": "[a]\nroot postexec = /opt/post\n",
    }
    assert [one.paths for one in samba(files).commands] == [("/opt/post",)]


@pytest.mark.parametrize(
    ("share", "runs"),
    [
        ("read only = no\n", True),
        ("writable = yes\n", True),
        ("", False),
        ("read only = yes\n", False),
        ("writeable = yes\nread only = yes\n", False),
    ],
)
def test_a_magic_script_runs_where_the_share_is_written(share: str, runs: bool) -> None:
    found = samba({CONF: f"[a]\npath = /srv/a\nmagic script = run.sh\n{share}[b]\nwritable = yes\n"})
    assert [one.paths for one in found.commands] == ([("/srv/a/run.sh",)] if runs else [])


@pytest.mark.parametrize(
    ("parameter", "rights"),
    [
        ("root preexec", "root"),
        ("Root PostExec", "root"),
        ("add machine script", "root"),
        ("preexec", "whoever is connected"),
        ("print command", "whoever is connected"),
    ],
)
def test_what_others_may_write_is_told_with_its_rights(parameter: str, rights: str) -> None:
    files: dict[str, Content] = {
        **PASSWD,
        CONF: f"[a]\n{parameter} = /srv/hook.sh %u\n",
        "srv/hook.sh": executable("#!/bin/sh\n", 0o777),
    }
    [finding] = judge_example(find_check("hook-directory-writable"), Example(files)).findings
    assert finding.message.endswith(f"as {rights}")
    opened = judge_example(find_check("world-writable"), Example(files)).findings
    assert [one.key for one in opened] == (["named srv/hook.sh"] if rights == "root" else [])


def test_a_share_is_no_hook_though_all_may_write_it() -> None:
    folder = Node(kind=Kind.DIRECTORY, mode=0o777)
    files = {
        **PASSWD,
        **BOOTED,
        CONF: "[a]\npath = /srv/a\nwritable = yes\nroot preexec = /usr/bin/log %u\n",
        "srv/a": folder,
    }
    for check in ("hook-directory-writable", "world-writable"):
        assert judge_example(find_check(check), Example(files)).outcome is Outcome.PASS


def test_hashes_are_told_and_tried() -> None:
    text = "# comment:1:2:3:\n" + line() + line("admin", nt_hash("admin").hex()) + line("off", flags="DU", lanman=NT)
    found = passwords({FILE: text + "nobody:99:" + "X" * 32 + ":" + "X" * 32 + ":[NDU]:LCT-0:\nbroken:\n"})
    assert found is not None
    told = [(one.account, one.at.line, one.has_lanman, one.is_locked, one.origin) for one in found.passwords]
    assert told == [("line", 2, False, False, None), ("admin", 3, False, False, "botnet"), ("off", 4, True, True, None)]


@pytest.mark.parametrize(
    "configured",
    [
        "passdb backend = smbpasswd:/opt/keys",
        "smb passwd file = /opt/keys",
        "passdb backend = tdbsam, smbpasswd:/opt/keys",
    ],
)
def test_another_file_is_named_in_the_configuration(configured: str) -> None:
    found = passwords({CONF: f"[global]\n{configured}\n", "opt/keys": line()})
    assert found is not None
    assert [one.at.path for one in found.passwords] == ["opt/keys"]


def test_a_database_with_accounts_is_not_known_and_one_without_is_nothing() -> None:
    tdb = "var/lib/samba/private/passdb.tdb"
    weak = find_check("account-weak-hash")
    assert judge_example(weak, Example({**PASSWD, tdb: b"TDB file\nUSER_admin\0"})).outcome is Outcome.UNKNOWN
    assert judge_example(weak, Example({**PASSWD, tdb: b"TDB file\nINFO/version\0"})).outcome is Outcome.PASS


def test_checks_name_the_accounts() -> None:
    files: dict[str, Content] = {**PASSWD, FILE: line("admin", nt_hash("admin").hex()) + line("off", flags="DU")}
    weak = judge_example(find_check("account-weak-hash"), Example(files)).findings
    assert [(one.key, one.severity) for one in weak] == [("samba admin", None), ("samba off", Severity.LOW)]
    usual = judge_example(find_check("account-default-password"), Example(files)).findings
    assert [one.key for one in usual] == ["samba admin"]
    alike = judge_example(find_check("image-sameness"), Example(files)).findings
    assert [one.key for one in alike] == [f"password-hash {FILE} admin", f"password-hash {FILE} off"]


def test_many_accounts_and_includes_come_to_an_end() -> None:
    start = time.process_time()
    found = passwords({FILE: "".join(line(f"user{number}", f"{number:032x}") for number in range(20_000))})
    assert found is not None
    assert found.unread == (f"{FILE} has more than {USERS_LIMIT} accounts",)
    loop = {f"etc/samba/{number}.conf": "include = /etc/samba/%m.conf\n" * 50 for number in range(200)}
    samba({CONF: "include = /etc/samba/0.conf\nroot preexec = /bin/x\n", **loop})
    assert time.process_time() - start < 20
