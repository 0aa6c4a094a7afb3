"""Profiles that AppArmor's own parser takes, and that our own facts find where they are wanted."""

import re
import shutil
import subprocess
from pathlib import Path

import hardened
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.checks.service.confining import apparmor
from firmward.facts import sandbox
from firmward.formats import apparmor as format_
from firmward.model.memory import Content, executable, link
from firmward.model.remedy import Safety

ELF = executable(b"\x7fELF\x01\x01\x01" + bytes(57))
PROGRAMS = [*sandbox.rows(), "camera"]
CHECK = "mac-profile-missing"


def parsed(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    file = folder / "profile"
    file.write_text(text)
    command = ["apparmor_parser", "-Q", "-K", "--base", str(folder), str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.skipif(shutil.which("apparmor_parser") is None, reason="apparmor_parser is not installed")
@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("has_tunables", [True, False])
def test_the_parser_takes_it(program: str, has_tunables: bool, tmp_path: Path) -> None:
    (tmp_path / "tunables").mkdir()
    (tmp_path / "tunables/global").write_text("@{PROC}=/proc/\n@{pid}=[0-9]*\n")
    written = apparmor.profile(f"/usr/sbin/{program}", program, ["/data/app", "/run"], has_tunables)
    done = parsed(written.content, tmp_path)
    assert done.returncode == 0, done.stderr


@given(st.lists(st.text(max_size=15).map(lambda text: f"/{text}"), max_size=3))
def test_no_path_of_the_policy_becomes_a_rule_of_its_own(writes: list[str]) -> None:
    text = apparmor.profile("/usr/bin/camera", "camera", writes, has_tunables=False).content
    inside = text.partition("{\n")[2].removesuffix("}\n")
    assert all(re.fullmatch(r"  [^\n]+,", line) for line in inside.splitlines())
    for write in writes:
        if re.search(r"[\s{}*,\"#@\\]", write) and "@" not in write:
            assert f"{write} rwkl" not in text


def system(program: str = "camera", **more: Content) -> dict[str, Content]:
    return {
        "usr/lib/systemd/systemd": ELF,
        "sbin/init": link("/usr/lib/systemd/systemd"),
        "usr/lib/systemd/system/default.target": f"[Unit]\nWants=apparmor.service {program}.service\n",
        "usr/lib/systemd/system/apparmor.service": "[Service]\nExecStart=/lib/apparmor/apparmor.systemd reload\n",
        f"usr/lib/systemd/system/{program}.service": f"[Service]\nExecStart=/usr/sbin/{program} --port 80\n",
        "etc/lighttpd/lighttpd.conf": "server.port = 80\n",
        f"usr/sbin/{program}": ELF,
        "usr/sbin/apparmor_parser": ELF,
        "etc/apparmor.d/other": "profile other /usr/bin/other {\n}\n",
        **more,
    }


DECLARED = 'schema = 1\n[[service]]\nname = "lighttpd"\nwrites = ["/data/web"]\n'


def test_a_declared_program_that_was_seen_gets_a_profile_safely() -> None:
    done = hardened.of_files(system("lighttpd"), DECLARED, only=(CHECK,))
    assert [cure.remedy.safety for cure in done.applied.done] == [Safety.SAFE]
    assert not done.left(CHECK)
    text = done.draft.text("etc/apparmor.d/firmward.lighttpd") or ""
    assert "/data/web/{,**} rwkl," in text
    (head,) = format_.parse(text).profiles
    assert not head.complains


def test_another_gets_one_that_spares_its_work_and_not_the_system() -> None:
    files = system("boa", **{"etc/boa/boa.conf": "Port 80\n"})
    careful = hardened.of_files(files, only=(CHECK,))
    assert not careful.applied.done
    done = hardened.of_files(files, unsafe=True, only=(CHECK,))
    assert not done.left(CHECK)
    assert not done.left("mac-permissive")
    assert "deny /etc/{shadow,gshadow}" in (done.draft.text("etc/apparmor.d/firmward.boa") or "")


def test_profiles_are_loaded_where_nothing_loaded_them() -> None:
    files = system("lighttpd", **{"usr/lib/systemd/system/default.target": "[Unit]\nWants=lighttpd.service\n"})
    done = hardened.of_files(files, DECLARED, unsafe=True, only=(CHECK,))
    assert [key for _, key in done.left(CHECK)] == []
    assert done.draft.lstat("etc/systemd/system/sysinit.target.wants/apparmor.service") is not None


@pytest.mark.parametrize("lies", ["bin/busybox", "usr/bin/python3", "usr/bin/nc", "usr/sbin/servers"])
def test_a_tool_of_many_gets_no_profile(lies: str) -> None:
    files = system("lighttpd", **{"usr/sbin/lighttpd": link(f"/{lies}"), lies: ELF})
    done = hardened.of_files(files, DECLARED, unsafe=True, only=(CHECK,))
    assert not list(done.draft.touched())
    assert done.reasons() == {f"{CHECK}[lighttpd.service]": "only a person can do it"}


def test_who_manages_containers_gets_no_profile() -> None:
    told = {"usr/lib/systemd/system/dockerd.service": "[Service]\nExecStart=/usr/sbin/dockerd -H tcp://0.0.0.0:2375\n"}
    done = hardened.of_files(system("dockerd", **told), unsafe=True, only=(CHECK,))
    assert not list(done.draft.touched())
    assert done.reasons() == {f"{CHECK}[dockerd.service]": "only a person can do it"}


def test_a_disabled_profile_counts_again() -> None:
    own: dict[str, Content] = {
        "etc/apparmor.d/usr.sbin.lighttpd": "/usr/sbin/lighttpd {\n}\n",
        "etc/apparmor.d/disable/usr.sbin.lighttpd": link("../usr.sbin.lighttpd"),
    }
    done = hardened.of_files(system("lighttpd", **own), DECLARED, only=(CHECK,))
    assert done.draft.lstat("etc/apparmor.d/disable/usr.sbin.lighttpd") is None
    assert not done.left(CHECK)


def test_without_a_parser_it_is_for_a_person() -> None:
    files = system("lighttpd")
    del files["usr/sbin/apparmor_parser"]
    del files["etc/apparmor.d/other"]
    done = hardened.of_files(files, DECLARED, unsafe=True, only=(CHECK,))
    assert not list(done.draft.touched())
