"""Who becomes root without a password, read as sudo and doas would; visudo agrees that each row is sudoers."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.facts.accounts import Accounts
from firmward.facts.accounts import collect as collect_accounts
from firmward.facts.collection import Collection
from firmward.facts.sudoers import Sudoers
from firmward.model.memory import MemoryTree

PEOPLE = {
    "etc/passwd": "root:*:0:0::/root:/bin/sh\noperator:!:1000:1000::/:/bin/sh\nwww:!:33:33::/:/bin/false\n",
    "etc/group": "root:x:0:\noperator:x:1000:\nwww:x:33:\nwheel:x:10:operator\n",
}

# Each row: what it shows, sudoers, who becomes root without a password.
TABLE = {
    "NOPASSWD: ALL": ("operator ALL=(ALL) NOPASSWD: ALL\n", {"operator"}),
    "a password is asked": ("operator ALL=(ALL) ALL\n", set()),
    "one command is not all": ("operator ALL=(root) NOPASSWD: /sbin/reboot\n", set()),
    "a shell is all": ("operator ALL=(root) NOPASSWD: /bin/bash\n", {"operator"}),
    "a group": ("%wheel ALL=NOPASSWD: ALL\n", {"operator"}),
    "a group by number": ("%#33 ALL=NOPASSWD: ALL\n", {"www"}),
    "a user by number": ("#33 ALL=NOPASSWD: ALL\n", {"www"}),
    "everybody": ("ALL ALL=(ALL) NOPASSWD: ALL\n", {"operator", "www"}),
    "everybody but one": ("ALL,!www ALL=(ALL) NOPASSWD: ALL\n", {"operator"}),
    "not as root": ("operator ALL=(www) NOPASSWD: ALL\n", set()),
    "a tag carries on": ("operator ALL=NOPASSWD: /bin/ls, ALL\n", {"operator"}),
    "a tag is taken back": ("operator ALL=NOPASSWD: /bin/ls, PASSWD: ALL\n", set()),
    "tags stand together": ("operator ALL=(ALL) NOEXEC: NOPASSWD: SETENV: ALL\n", {"operator"}),
    "the last that fits decides": (
        "operator ALL=(ALL) NOPASSWD: ALL\n%wheel ALL=(ALL) ALL\n",
        set(),
    ),
    "forbidding a shell takes nothing away": ("operator ALL=(ALL) NOPASSWD: ALL, !/bin/sh\n", {"operator"}),
    "forbidding all takes all away": ("operator ALL=(ALL) NOPASSWD: ALL, !ALL\n", set()),
    "user aliases": ("User_Alias ADMINS = operator, www\nADMINS ALL=NOPASSWD: ALL\n", {"operator", "www"}),
    "aliases come after their use": ("ADMINS ALL=NOPASSWD: ALL\nUser_Alias ADMINS = www\n", {"www"}),
    "command aliases": ("Cmnd_Alias ANY = ALL\noperator ALL=NOPASSWD: ANY\n", {"operator"}),
    "several aliases on a line": ("User_Alias A = www : B = operator\nB ALL=NOPASSWD: ALL\n", {"operator"}),
    "runas aliases": ("Runas_Alias OP = root\noperator ALL=(OP) NOPASSWD: ALL\n", {"operator"}),
    "several hosts": ("operator one=(ALL) ALL : two=(ALL) NOPASSWD: ALL\n", {"operator"}),
    "lines go on behind a backslash": ("operator \\\n  ALL=(ALL) \\\n  NOPASSWD: ALL\n", {"operator"}),
    "comments": ("# operator ALL=NOPASSWD: ALL\noperator ALL=(ALL) ALL # NOPASSWD: ALL\n", set()),
    "nobody is asked": ("Defaults !authenticate\noperator ALL=(ALL) ALL\n", {"operator"}),
    "one is not asked": ("Defaults:www !authenticate\noperator ALL=(ALL) ALL\nwww ALL=(ALL) ALL\n", {"www"}),
    "other defaults": ('Defaults env_reset, secure_path="/bin:/sbin"\noperator ALL=(ALL) ALL\n', set()),
    "a group of runas": ("operator ALL=(ALL:ALL) NOPASSWD: ALL\n", {"operator"}),
    "someone who does not exist": ("ghost ALL=(ALL) NOPASSWD: ALL\n", set()),
}


def free(files: dict[str, str], tool: str = "sudo") -> set[str]:
    tree = MemoryTree({**PEOPLE, **files})
    accounts = collect_accounts(tree)
    sudoers = Collection(tree).get(Sudoers)
    assert isinstance(accounts, Accounts)
    assert isinstance(sudoers, Sudoers), sudoers
    found = set()
    for account in accounts.accounts:
        rule = sudoers.decisive(account, tool)
        if account.uid and rule is not None and rule[0].allowed and not rule[0].password:
            found.add(account.name)
    return found


@pytest.mark.parametrize(("text", "expected"), TABLE.values(), ids=TABLE.keys())
def test_it_is_read_as_sudo_reads_it(text: str, expected: set[str]) -> None:
    assert free({"etc/sudoers": text}) == expected


@pytest.mark.skipif(shutil.which("visudo") is None, reason="no visudo on this machine")
@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE.keys())
def test_each_row_is_sudoers_for_visudo(row: tuple[str, set[str]], tmp_path: Path) -> None:
    path = tmp_path / "sudoers"
    path.write_text(row[0])
    path.chmod(0o440)
    done = subprocess.run(["visudo", "-c", "-f", str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("sign", ["#", "@"])
def test_files_are_included(sign: str) -> None:
    rule = "operator ALL=(ALL) NOPASSWD: ALL\n"
    assert free({"etc/sudoers": f"{sign}include /etc/sudoers.local\n", "etc/sudoers.local": rule}) == {"operator"}
    assert free({"etc/sudoers": f"{sign}includedir /etc/sudoers.d\n", "etc/sudoers.d/10-op": rule}) == {"operator"}


@pytest.mark.parametrize("name", ["10.conf", "op~", "x.rpmsave"])
def test_names_with_a_dot_or_a_tilde_are_left_out(name: str) -> None:
    rule = "operator ALL=(ALL) NOPASSWD: ALL\n"
    assert free({"etc/sudoers": "@includedir /etc/sudoers.d\n", f"etc/sudoers.d/{name}": rule}) == set()


def test_an_include_that_includes_itself_ends() -> None:
    tree = MemoryTree({"etc/sudoers": "@include /etc/sudoers\n@include /etc/sudoers\n"})
    found = Collection(tree).get(Sudoers)
    assert isinstance(found, Sudoers)
    assert found.unread


def test_an_alias_of_itself_ends() -> None:
    text = "User_Alias A = B, B, B, B : B = A, A, A, A\nA ALL=NOPASSWD: ALL\n"
    assert free({"etc/sudoers": text}) == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("permit nopass operator\n", {"operator"}),
        ("permit nopass keepenv :wheel as root\n", {"operator"}),
        ("permit persist operator\n", set()),
        ("permit nopass operator cmd reboot\n", set()),
        ("permit nopass setenv { PATH=/bin } operator\n", {"operator"}),
        ("permit nopass operator as www\n", set()),
        ("permit nopass operator\ndeny operator\n", set()),
        ("# permit nopass operator\n", set()),
    ],
)
def test_doas_is_read_as_doas_reads_it(text: str, expected: set[str]) -> None:
    assert free({"etc/doas.conf": text}, "doas") == expected


@given(st.text(alphabet='ALroot=():,!\\"#%@ \n\tNOPASWD_lias', max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    tree = MemoryTree({"etc/sudoers": text, "etc/doas.conf": text})
    assert isinstance(Collection(tree).get(Sudoers), Sudoers)
