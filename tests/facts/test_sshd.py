"""What sshd allows when it is not known who connects, and how it is started."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.facts.collection import Collection
from firmward.facts.running_ssh import RunningSsh
from firmward.facts.sshd import Case, Server, Sshd, parse
from firmward.facts.startup import Start
from firmward.formats.ssh_match import fits
from firmward.model.facts import Unknown
from firmward.model.memory import Content, MemoryTree, executable, link

PATH = "etc/ssh/sshd_config"


def server(text: str, version: tuple[int, int] | None = None) -> Server:
    return parse(MemoryTree({PATH: text}), PATH, version=version)


def ways(text: str) -> list[str | None]:
    return [None if case.password_way is None else case.password_way.keyword for case in server(text).cases()]


PASSWORD, KEYBOARD = "passwordauthentication", "kbdinteractiveauthentication"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [PASSWORD]),
        ("PasswordAuthentication no\n", [None]),
        ("PasswordAuthentication no\nUsePAM yes\n", [KEYBOARD]),
        ("PasswordAuthentication no\nUsePAM yes\nKbdInteractiveAuthentication no\n", [None]),
        ("AuthenticationMethods publickey\n", [None]),
        ("AuthenticationMethods publickey,password\n", [None]),
        ("AuthenticationMethods publickey password\n", [PASSWORD]),
        ("UsePAM yes\nAuthenticationMethods keyboard-interactive:pam\n", [KEYBOARD]),
        ("PasswordAuthentication no\nAuthenticationMethods password\n", [None]),
        ("PasswordAuthentication no\nMatch Address 10.0.0.0/8\nPasswordAuthentication yes\n", [None, PASSWORD]),
        ("Match all\nPasswordAuthentication no\n", [None]),
        ("Match User *\nPasswordAuthentication no\n", [None]),
    ],
)
def test_a_password_gets_in_or_not(text: str, expected: list[str | None]) -> None:
    assert ways(text) == expected


@pytest.mark.parametrize(
    ("version", "value"), [((6, 9), "yes"), ((7, 0), "prohibit-password"), (None, "prohibit-password")]
)
def test_roots_default_depends_on_the_version(version: tuple[int, int] | None, value: str) -> None:
    assert server("", version).general.get("PermitRootLogin").value == value


@pytest.mark.parametrize(
    ("version", "count"), [((6, 6), 20), ((6, 9), 3), ((7, 4), 3), ((8, 1), 3), ((8, 7), 2), ((8, 8), 0), (None, 0)]
)
def test_weak_defaults_depend_on_the_version(version: tuple[int, int] | None, count: int) -> None:
    found = server("", version).general.weak_algorithms()
    assert len(found) >= count
    assert bool(found) is bool(count)


@pytest.mark.parametrize(
    ("text", "admitted"),
    [
        ("", True),
        ("AllowUsers admin\n", False),
        ("AllowUsers admin\nAllowUsers root@10.0.0.1\n", True),
        ("DenyUsers root\n", False),
        ("AllowGroups ssh\n", False),
        ("AllowGroups ro*\n", True),
        ("DenyGroups root\n", False),
    ],
)
def test_lists_admit_root_or_not(text: str, admitted: bool) -> None:
    assert server(text).general.admits("root", ("root",)) is admitted


def test_blocks_for_root_are_settled_when_root_is_asked_about() -> None:
    text = "PermitRootLogin yes\nMatch User root\nPermitRootLogin no\n"
    assert [case.get("PermitRootLogin").value for case in server(text).cases("root", ("root",))] == ["no"]


def test_a_case_says_under_which_condition_it_holds() -> None:
    cases = server("Match User a,b Address 10.0.0.0/8\nPermitTunnel yes\n").cases()
    assert [case.condition for case in cases] == [None, "Match User a,b Address 10.0.0.0/8"]


SYSTEMD: dict[str, Content] = {
    "sbin/init": link("/usr/lib/systemd/systemd"),
    "usr/lib/systemd/systemd": executable(b"\x7fELF"),
    "usr/lib/systemd/system/default.target": link("multi-user.target"),
    "usr/lib/systemd/system/multi-user.target": "[Unit]\n",
    "etc/systemd/system/multi-user.target.wants/ssh.service": link("/usr/lib/systemd/system/ssh.service"),
    "usr/lib/systemd/system/ssh.service": "[Service]\nExecStart=/usr/sbin/sshd -D $SSHD_OPTS\n",
    PATH: "",
}


def sshd(files: dict[str, Content]) -> Sshd:
    found = Collection(MemoryTree(files)).get(Sshd)
    assert isinstance(found, Sshd)
    return found


def general(files: dict[str, Content]) -> Case:
    [only] = sshd(files).servers
    return only.general


def test_a_server_that_a_unit_starts_runs() -> None:
    [only] = sshd(SYSTEMD).servers
    assert only.start is Start.BOOT


def test_options_of_the_unit_come_before_the_file() -> None:
    unit = "[Service]\nExecStart=/usr/sbin/sshd -D -o PasswordAuthentication=no -p 2222\n"
    found = general({**SYSTEMD, "usr/lib/systemd/system/ssh.service": unit, PATH: "PasswordAuthentication yes\n"})
    assert found.get("PasswordAuthentication").value == "no"
    assert found.get("Port").value == "2222"


def test_another_file_of_the_unit_is_read() -> None:
    unit = "[Service]\nExecStart=/usr/sbin/sshd -D -f /etc/vendor/sshd.conf\n"
    files: dict[str, Content] = {"etc/vendor/sshd.conf": "PermitRootLogin yes\n"}
    found = general({**SYSTEMD, "usr/lib/systemd/system/ssh.service": unit, **files})
    assert found.get("PermitRootLogin").value == "yes"


def test_what_nothing_starts_is_not_judged() -> None:
    files = {**SYSTEMD, "etc/systemd/system/multi-user.target.wants/ssh.service": link("/dev/null")}
    assert [server.start for server in sshd(files).servers] == [Start.DISABLED]
    assert Collection(MemoryTree(files)).get(RunningSsh) is None


def test_a_configuration_that_is_filled_on_the_device_is_unknown() -> None:
    files: dict[str, Content] = {"usr/sbin/sshd": executable(b""), PATH: link("/data/sshd_config")}
    assert isinstance(Collection(MemoryTree(files)).get(Sshd), Unknown)


def test_an_include_that_includes_itself_ends() -> None:
    text = "Include /etc/ssh/sshd_config\nInclude /etc/ssh/sshd_config\n"
    assert server(text).configuration.problems


@pytest.mark.parametrize(
    ("subject", "pattern", "expected"),
    [
        ("root", "r*t", True),
        ("root", "r?t", False),
        ("", "*", True),
        ("a" * 60, "*a" * 30 + "b", False),
        ("ab", "a", False),
    ],
)
def test_patterns_fit_or_not(subject: str, pattern: str, expected: bool) -> None:
    assert fits(subject, pattern) is expected


@given(st.text(alphabet="MatchInclude UserAddress*!,/=\"'\\#\n all10.", max_size=200))
def test_any_configuration_can_be_read(text: str) -> None:
    found = Collection(MemoryTree({PATH: text})).get(Sshd)
    assert isinstance(found, Sshd)
    for case in found.servers[0].cases("root", ("root",)):
        assert case.weak_algorithms() is not None
        assert case.admits("root", ()) in (True, False)
