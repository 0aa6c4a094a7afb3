"""Sandboxes of known programs are what systemd takes, leave little open, and say what they promise."""

import re
import shutil
import subprocess
from pathlib import Path

import hardened
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.checks.service.confining import systemd
from firmward.facts import sandbox
from firmward.facts.measure import SANDBOX
from firmward.facts.services import Manager, Service, Start
from firmward.model.location import Location
from firmward.model.memory import Content, executable, link
from firmward.model.remedy import Safety

ELF = executable(b"\x7fELF\x01\x01\x01" + bytes(57))
ROWS = sorted(sandbox.rows().items())
SEEN = [pytest.param(name, id=name) for name, row in ROWS if row.seen]
WALLED = [pytest.param(name, id=name) for name, row in ROWS if row.seen and row.exposure is None]
EXPOSED = [pytest.param(name, id=name) for name, row in ROWS if row.exposure is not None]
UNIT = "etc/systemd/system/{}.service"


def service(program: str, unit: str | None = None, **more: object) -> Service:
    at = Location(UNIT.format(program), 2)
    known: dict[str, object] = {"unit": unit or f"{program}.service", **more}
    return Service(
        f"{program}.service",
        Manager.SYSTEMD,
        program,
        Start.BOOT,
        at,
        None,
        True,
        (),
        frozenset(),
        **known,  # type: ignore[arg-type]
    )


def system(program: str, *lines: str, configuration: dict[str, Content] | None = None) -> dict[str, Content]:
    text = "\n".join(
        ("[Service]", f"ExecStart=/usr/sbin/{program}", *lines, "[Install]", "WantedBy=multi-user.target", "")
    )
    return {
        "usr/lib/systemd/systemd": ELF,
        "sbin/init": link("/usr/lib/systemd/systemd"),
        "usr/lib/systemd/system/multi-user.target": "[Unit]\n",
        "etc/systemd/system/default.target": link("/usr/lib/systemd/system/multi-user.target"),
        UNIT.format(program): text,
        f"etc/systemd/system/multi-user.target.wants/{program}.service": link(f"../{program}.service"),
        f"usr/sbin/{program}": ELF,
        "etc/passwd": "root:*:0:0::/root:/bin/sh\n",
        **(configuration or {}),
    }


def declared(program: str, *lines: str) -> str:
    return "\n".join(("schema = 1", "[[service]]", f'name = "{program}"', *lines, ""))


def exposure(program: str, folder: Path) -> float:
    """What systemd itself says of a plain unit with the row's drop-in."""
    row = sandbox.rows()[program]
    unit = folder / f"{program}.service"
    lines = [f"{key}={value}" for key, value in row.settings()]
    unit.write_text("\n".join(("[Service]", f"ExecStart=/usr/sbin/{program}", *lines, "")))
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    found = re.search(r"Overall exposure level for \S+: (\d+\.\d)", done.stdout)
    assert found is not None, done.stderr
    return float(found[1])


needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


@needs_systemd
@pytest.mark.parametrize("program", WALLED)
def test_who_hands_out_no_shell_is_below_three(program: str, tmp_path: Path) -> None:
    assert exposure(program, tmp_path) < sandbox.LITTLE


@needs_systemd
@pytest.mark.parametrize("program", EXPOSED)
def test_who_hands_out_shells_or_manages_containers_is_where_the_row_says(program: str, tmp_path: Path) -> None:
    assert exposure(program, tmp_path) == sandbox.rows()[program].exposure


@needs_systemd
def test_systemd_takes_all_drop_ins(tmp_path: Path) -> None:
    names = []
    for program, _row in ROWS:
        unit = tmp_path / f"{program}.service"
        unit.write_text("[Service]\nExecStart=/bin/true\n")
        names.append(str(unit))
        written = [
            systemd.sandboxed(service(program), ("/data/a b", "/data/50%")),
            systemd.run_as(service(program), "app", (), ("NET_BIND_SERVICE",)),
            systemd.limited(service(program), "32M", 64),
        ]
        for one in written:
            place = tmp_path / f"{program}.service.d" / Path(one.path).name
            place.parent.mkdir(exist_ok=True)
            place.write_text(one.content)
    command = ["systemd-analyze", "verify", "--man=no", "--generators=no", *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    own = [line for line in done.stderr.splitlines() if str(tmp_path) in line]
    assert not own


@pytest.mark.parametrize("program", WALLED)
def test_a_declared_program_that_was_seen_is_confined_safely(program: str) -> None:
    done = hardened.of_files(system(program), declared(program), only=("service-unsandboxed",))
    if not any(check == "service-unsandboxed" for check, _ in hardened.findings(done.before)):
        pytest.skip("it needs no sandbox")
    assert not done.left("service-unsandboxed")
    assert {cure.remedy.safety for cure in done.applied.done} == {Safety.SAFE}
    again = hardened.hardened(done.draft, None, unsafe=True, only=("service-unsandboxed",))
    assert not list(again.draft.touched())


def test_nothing_is_safe_without_the_makers_word() -> None:
    done = hardened.of_files(system("lighttpd"), only=("service-unsandboxed",))
    assert not done.applied.done
    assert "--unsafe applies it" in done.reasons()["service-unsandboxed[lighttpd.service]"]


@pytest.mark.parametrize(
    ("program", "path", "text"),
    [
        ("lighttpd", "etc/lighttpd/lighttpd.conf", 'server.modules += ("mod_cgi")\n'),
        ("mosquitto", "etc/mosquitto/mosquitto.conf", "persistence_location /data/mqtt\n"),
        ("snmpd", "etc/snmp/snmpd.conf", "extend disk /bin/df\n"),
        ("dnsmasq", "etc/dnsmasq.conf", "dhcp-script=/usr/bin/leased\n"),
        ("nginx", "etc/nginx/conf.d/a.conf", "location / { dav_methods PUT; }\n"),
    ],
)
def test_who_does_more_than_was_seen_is_not_confined_safely(program: str, path: str, text: str) -> None:
    files = system(program, configuration={path: text})
    careful = hardened.of_files(files, declared(program), only=("service-unsandboxed",))
    assert not careful.applied.done
    bold = hardened.of_files(files, declared(program), unsafe=True, only=("service-unsandboxed",))
    assert [cure.remedy.safety for cure in bold.applied.done] == [Safety.UNSAFE]


@pytest.mark.parametrize("program", ["camera", "miniupnpd"])
def test_a_program_that_nobody_saw_gets_no_filter_and_no_write_limit(program: str) -> None:
    done = hardened.of_files(system(program), declared(program), unsafe=True, only=("service-unsandboxed",))
    text = done.draft.text(f"etc/systemd/system/{program}.service.d/50-firmward-sandbox.conf") or ""
    assert "CapabilityBoundingSet=~CAP_SYS_ADMIN" in text
    assert "\nSystemCallFilter=" not in text
    assert "\nProtectSystem=" not in text
    assert not done.left("service-unsandboxed")
    assert [cure.remedy.safety for cure in done.applied.done] == [Safety.UNSAFE]


def test_what_the_policy_lets_it_write_is_written() -> None:
    policy = declared("mosquitto", 'writes = ["/data/mqtt", "/data/50%"]')
    done = hardened.of_files(system("mosquitto"), policy, only=("service-unsandboxed",))
    text = done.draft.text("etc/systemd/system/mosquitto.service.d/50-firmward-sandbox.conf") or ""
    assert "-/var/lib/mosquitto" in text
    assert "-/data/mqtt -/data/50%%\n" in text


def test_what_the_unit_says_of_itself_stays() -> None:
    files = system("lighttpd", "PrivateDevices=no", "MemoryDenyWriteExecute=no", "RestrictAddressFamilies=AF_INET")
    done = hardened.of_files(files, declared("lighttpd"), only=("service-unsandboxed",))
    text = done.draft.text("etc/systemd/system/lighttpd.service.d/50-firmward-sandbox.conf") or ""
    assert "MemoryDenyWriteExecute" not in text
    assert "RestrictAddressFamilies" not in text
    assert "SystemCallFilter=@system-service" in text


def test_a_list_that_lacks_its_point_is_begun_anew() -> None:
    """Behind a list of what is forbidden, a list of what is allowed would forbid less."""
    files = system("lighttpd", "CapabilityBoundingSet=~CAP_SYS_TIME")
    done = hardened.of_files(files, declared("lighttpd"), only=("service-unsandboxed",))
    text = done.draft.text("etc/systemd/system/lighttpd.service.d/50-firmward-sandbox.conf") or ""
    assert "CapabilityBoundingSet=\nCapabilityBoundingSet=CAP_CHOWN" in text


def test_a_list_of_what_is_taken_away_goes_on_from_the_units_own() -> None:
    """Emptied first, it would leave nothing: systemd takes the empty list for no capability at all."""
    files = system("camera", "CapabilityBoundingSet=CAP_SYS_ADMIN CAP_NET_ADMIN")
    done = hardened.of_files(files, unsafe=True, only=("service-unsandboxed",))
    text = done.draft.text("etc/systemd/system/camera.service.d/50-firmward-sandbox.conf") or ""
    assert "CapabilityBoundingSet=~CAP_SYS_ADMIN" in text
    assert "CapabilityBoundingSet=\n" not in text


@pytest.mark.parametrize("name", ["10-own.conf", "50-zz.conf", "90-own.conf", "zz-own.conf", "zzz.conf"])
def test_a_drop_in_counts_more_than_the_ones_before(name: str) -> None:
    files = system("app") | {f"etc/systemd/system/app.service.d/{name}": "[Service]\nUser=root\n"}
    done = hardened.of_files(files, unsafe=True, only=("service-runs-as-root",))
    assert any(check == "service-runs-as-root" for check, _ in hardened.findings(done.before))
    assert not done.left("service-runs-as-root")


def test_a_service_runs_as_the_declared_account_where_there_is_one() -> None:
    files = system("app") | {"etc/passwd": "root:*:0:0::/root:/bin/sh\napp:*:900:900::/:/bin/false\n"}
    done = hardened.of_files(files, declared("app", 'user = "app"'), unsafe=True, only=("service-runs-as-root",))
    text = done.draft.text("etc/systemd/system/app.service.d/50-firmward-user.conf") or ""
    assert "User=app\n" in text


@pytest.mark.parametrize(
    ("policy", "program", "memory", "safety"),
    [
        (declared("lighttpd", 'memory = "32M"'), "lighttpd", "32M", Safety.SAFE),
        (declared("lighttpd"), "lighttpd", "64M", Safety.UNSAFE),
        (declared("app", 'memory = "32M"'), "app", "32M", Safety.UNSAFE),
        (declared("app"), "app", "50%", Safety.UNSAFE),
    ],
)
def test_limits_are_the_makers_first(policy: str, program: str, memory: str, safety: Safety) -> None:
    done = hardened.of_files(system(program), policy, unsafe=True, only=("service-without-limits",))
    text = done.draft.text(f"etc/systemd/system/{program}.service.d/50-firmward-limits.conf") or ""
    assert f"MemoryMax={memory}\n" in text
    assert [cure.remedy.safety for cure in done.applied.done] == [safety]
    assert not done.left("service-without-limits")


@given(st.lists(st.text(max_size=12).map(lambda text: f"/{text}"), max_size=3), st.sampled_from(["lighttpd", "nginx"]))
def test_no_path_of_the_policy_breaks_out_of_its_setting(paths: list[str], program: str) -> None:
    allowed = tuple(path for path in paths if path.isprintable())
    text = systemd.sandboxed(service(program), allowed).content
    plain = systemd.sandboxed(service(program), ()).content
    keys = [line.partition("=")[0] for line in text.splitlines()]
    assert keys == [line.partition("=")[0] for line in plain.splitlines()]


def test_rows_are_whole() -> None:
    for name, row in ROWS:
        assert name in row.programs
        assert not (row.exposure is not None and not row.seen)
        assert bool(row.left) == (row.exposure is not None), name
        assert not {setting for setting, _ in row.left} & {f"{key}={value}" for key, value in row.settings()}, name
        assert all(path.startswith("/") for path in (*row.writes, *row.reads)), name
        re.compile(row.beyond)
    assert set(systemd.OF_MEASURE.values()) == set(SANDBOX)
