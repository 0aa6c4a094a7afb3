"""Lines that start programs, written anew: they start the same program, with less."""

import json
import shutil
import subprocess
from pathlib import Path

import hardened
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.checks.service.confining import commands
from firmward.checks.service.confining.commands import Confined
from firmward.facts.services import Manager, Service, Start
from firmward.model.location import Location
from firmward.model.memory import Content, executable, link
from firmward.model.remedy import Safety
from firmward.model.tree import Kind

ELF = executable(b"\x7fELF\x01\x01\x01" + bytes(57))
RCS = executable("#!/bin/sh\nfor i in /etc/init.d/S??*; do $i start; done\n")
CHECKS = ("service-unsandboxed", "service-runs-as-root", "service-without-limits")
SETPRIV = Confined("/usr/bin/setpriv", "app", "900")
RIGHTS = "/usr/bin/setpriv --reuid=app --regid=900 --init-groups --no-new-privs --bounding-set=-all"


def service(line: str, program: str = "/usr/bin/app", manager: Manager = Manager.SYSV) -> Service:
    path = "etc/inittab" if manager is Manager.INITTAB else "etc/init.d/S50app"
    return Service(
        "S50app", manager, program.rpartition("/")[2], Start.BOOT, Location(path, 5), None, True, (), frozenset(),
        argv=(program,), command=((5, line),),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("/usr/bin/app -d", f"{RIGHTS} /usr/bin/app -d"),
        ("\t/usr/bin/app -d &", f"\t{RIGHTS} /usr/bin/app -d &"),
        ('[ "$1" = start ] && /usr/bin/app', f'[ "$1" = start ] && {RIGHTS} /usr/bin/app'),
        ("[ -x /usr/bin/app ] && /usr/bin/app", f"[ -x /usr/bin/app ] && {RIGHTS} /usr/bin/app"),
        ("start) /usr/bin/app >/dev/null 2>&1 & ;;", f"start) {RIGHTS} /usr/bin/app >/dev/null 2>&1 & ;;"),
        ("$DAEMON -d", f"{RIGHTS} $DAEMON -d"),
        (
            "start-stop-daemon -S -b -x /usr/bin/app -- -d",
            f"start-stop-daemon -S -b -x /usr/bin/app -a {RIGHTS.replace('setpriv ', 'setpriv -- ')} /usr/bin/app -d",
        ),
        (
            "start-stop-daemon --start --exec $DAEMON >/dev/null",
            "start-stop-daemon --start --exec $DAEMON -a "
            f"{RIGHTS.replace('setpriv ', 'setpriv -- ')} $DAEMON >/dev/null",
        ),
    ],
)
def test_a_plain_line_starts_the_program_with_less(line: str, instead: str) -> None:
    change = commands.rewritten(service(line), SETPRIV)
    assert change is not None
    assert change.instead == instead


@pytest.mark.parametrize(
    "line",
    [
        "/usr/bin/app || /usr/bin/app -x",
        "app=$(/usr/bin/app)",
        "echo '/usr/bin/app'",
        "/usr/bin/app # the daemon",
        "eval /usr/bin/app",
        "start-stop-daemon -S -x /usr/bin/app -a /usr/bin/other",
        "/usr/bin/app-helper",
        "",
    ],
)
def test_what_is_not_plain_is_left_to_a_person(line: str) -> None:
    assert commands.rewritten(service(line), SETPRIV) is None


def test_an_inittab_line_is_as_long_as_init_takes() -> None:
    short = commands.rewritten(service("::respawn:/usr/bin/app -d", manager=Manager.INITTAB), SETPRIV)
    assert short is not None
    assert short.instead == f"::respawn:{RIGHTS} /usr/bin/app -d"
    assert commands.rewritten(service(f"::respawn:/usr/bin/app {'x' * 60}", manager=Manager.INITTAB), SETPRIV) is None


@given(st.text(alphabet=st.characters(codec="ascii"), max_size=20))
def test_no_name_of_an_account_breaks_out_of_the_line(name: str) -> None:
    change = commands.rewritten(service("/usr/bin/app"), Confined("/usr/bin/setpriv", name, "900"))
    assert (
        change is None
        or not name
        or set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
    )


@pytest.mark.parametrize(
    ("line", "limited"),
    [
        ("/usr/bin/app -d &", "(ulimit -v 4096; /usr/bin/app -d &)"),
        ("\tstart-stop-daemon -S -x /usr/bin/app", "\t(ulimit -v 4096; start-stop-daemon -S -x /usr/bin/app)"),
        ("start) /usr/bin/app & ;;", None),
        ("if /usr/bin/app; then", None),
        ("/usr/bin/app; exit 0", None),
        ("MODE=1 /usr/bin/app", None),
    ],
)
def test_a_limit_stands_in_a_shell_of_its_own(line: str, limited: str | None) -> None:
    change = commands.rewritten(service(line), Confined(memory=4096))
    assert (change.instead if change is not None else None) == limited


def system(line: str, *, setpriv: Content = ELF) -> dict[str, Content]:
    return {
        "etc/inittab": "::sysinit:/etc/init.d/rcS\n",
        "etc/init.d/rcS": RCS,
        "etc/init.d/S50app": executable(f"#!/bin/sh\n# starts it\n{line}\n"),
        "usr/bin/app": ELF,
        "usr/bin/setpriv": setpriv,
        "etc/passwd": "root:*:0:0::/root:/bin/sh\n",
        "etc/group": "root:*:0:\n",
    }


def test_all_three_findings_are_cured_by_one_line_and_an_account() -> None:
    done = hardened.of_files(system("start-stop-daemon -S -b -x /usr/bin/app"), unsafe=True, only=CHECKS)
    assert not done.left(*CHECKS)
    text = done.draft.text("etc/init.d/S50app") or ""
    assert text.count("\n") == 3
    assert "# starts it\n(ulimit -v " in text
    accounts = (done.draft.text("etc/passwd") or "").splitlines()
    assert len(accounts) == 2
    assert accounts[1].startswith("app:*:")
    again = hardened.hardened(done.draft, None, unsafe=True, only=CHECKS)
    assert not list(again.draft.touched())


@pytest.mark.parametrize("setpriv", [link("/bin/busybox"), "#!/bin/sh\n"])
def test_busyboxs_setpriv_can_do_too_little(setpriv: Content) -> None:
    files = system("start-stop-daemon -S -b -x /usr/bin/app", setpriv=setpriv) | {"bin/busybox": ELF}
    done = hardened.of_files(files, unsafe=True, only=CHECKS[:2])
    found = [one for check, one in hardened.findings(done.before) if check in CHECKS[:2]]
    assert found
    if isinstance(setpriv, str):
        return
    assert {one.remedy.safety for one in found if one.remedy is not None} == {Safety.MANUAL}


def test_a_line_with_a_secret_is_copied_nowhere() -> None:
    done = hardened.of_files(system("/usr/bin/app --token=s3cr3t-Value &"), unsafe=True, only=CHECKS)
    assert "s3cr3t-Value" not in repr([one.remedy for _, one in hardened.findings(done.before)])


PROCD = """#!/bin/sh /etc/rc.common
START=50
USE_PROCD=1
start_service() {
\tprocd_open_instance
\tprocd_set_param command /usr/sbin/snmpd -f -C -c /etc/snmpd.conf
\tprocd_close_instance
}
"""


def openwrt(name: str = "snmpd") -> dict[str, Content]:
    return {
        "sbin/procd": ELF,
        "sbin/init": ELF,
        "sbin/ujail": ELF,
        "usr/sbin/snmpd": ELF,
        f"etc/init.d/{name}": executable(PROCD),
        f"etc/rc.d/S50{name}": link(f"../init.d/{name}"),
        "etc/passwd": "root:*:0:0::/root:/bin/sh\n",
        "etc/group": "root:*:0:\n",
    }


def test_an_instance_of_procd_gets_a_jail_with_its_files() -> None:
    done = hardened.of_files(openwrt(), unsafe=True, only=CHECKS)
    assert not done.left(*CHECKS)
    text = done.draft.text("etc/init.d/snmpd") or ""
    assert text.index("procd_set_param command") < text.index("procd_add_jail snmpd log") < text.index("close_instance")
    assert "procd_add_jail_mount /etc/snmpd.conf\n" in text
    held = json.loads(done.draft.text("etc/capabilities/firmward-snmpd.json") or "")
    assert set(held) == {"bounding", "effective", "permitted", "inheritable", "ambient"}


@pytest.mark.parametrize("files", [openwrt("sn; reboot"), openwrt(), system("start-stop-daemon -S -x /usr/bin/app")])
def test_nothing_that_the_image_or_the_policy_says_becomes_a_command(files: dict[str, Content]) -> None:
    rows = (
        f'name = "{name}"\nuser = "a; reboot"\nwrites = ["/x;reboot", "/y$(reboot)"]\n' for name in ("snmpd", "app")
    )
    policy = "schema = 1\n" + "".join(f"[[service]]\n{row}" for row in rows)
    done = hardened.of_files(files, policy, unsafe=True, only=CHECKS)
    for touched in done.draft.touched():
        if touched.after is not None and touched.after.kind is Kind.FILE:
            before = done.draft.below.text(touched.path) or ""
            added = [line for line in (done.draft.text(touched.path) or "").splitlines() if line not in before]
            assert not [line for line in added if "reboot" in line]


NEEDED = ("setpriv", "busybox", "python3")


@pytest.mark.skipif(any(shutil.which(name) is None for name in NEEDED), reason=f"needs {', '.join(NEEDED)}")
@pytest.mark.parametrize("launcher", ["plain", "daemon"])
def test_the_line_does_what_it_says(launcher: str, tmp_path: Path) -> None:
    """By BusyBox's shell and start-stop-daemon, and the real setpriv."""
    probe = tmp_path / "probe"
    said = tmp_path / "out"
    probe.write_text(f"#!/bin/sh\ngrep -E '^(CapBnd|NoNewPrivs)' /proc/self/status > {said}\nulimit -v >> {said}\n")
    probe.chmod(0o755)
    tmp_path.chmod(0o777)
    line = {"plain": f"{probe}", "daemon": f"start-stop-daemon -S -x {probe}"}[launcher]
    wanted = Confined(shutil.which("setpriv"), memory=262144)
    change = commands.rewritten(service(line, str(probe)), wanted)
    assert change is not None
    done = subprocess.run(
        ["unshare", "-Ur", "busybox", "sh", "-c", change.instead],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    if "unshare" in done.stderr:
        pytest.skip("no user namespaces here")
    out = (tmp_path / "out").read_text().split()
    assert out[-1] == "262144", done.stderr
    text = (tmp_path / "out").read_text()
    assert "NoNewPrivs:\t1" in text
    bounding = next(line for line in text.splitlines() if line.startswith("CapBnd"))
    assert not int(bounding.split()[1], 16) & (1 << 21 | 1 << 16 | 1 << 17 | 1 << 19)
