"""What systemd's settings put upon a service, against the manual and systemd-analyze itself."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from firmward.facts.measure import LIMITS, SANDBOX, Measure
from firmward.facts.units import confinement
from firmward.facts.units.load import Units
from firmward.facts.units.unit import Unit
from firmward.model.memory import Content, MemoryTree

M = Measure
FOLDER = "etc/systemd/system"


def unit(lines: str, files: dict[str, Content] | None = None) -> tuple[Units, Unit]:
    units = Units(MemoryTree({f"{FOLDER}/app.service": f"[Service]\nExecStart=/bin/true\n{lines}\n", **(files or {})}))
    found = units.get("app.service")
    assert found is not None
    return units, found


def measures(lines: str, files: dict[str, Content] | None = None) -> set[Measure]:
    return set(confinement.measures(*unit(lines, files)))


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("", set()),
        ("NoNewPrivileges=yes", {M.NO_NEW_PRIVILEGES}),
        ("NoNewPrivileges=yes\nNoNewPrivileges=no", set()),
        ("User=app", {M.CAPABILITIES, M.KERNEL}),
        ("User=0", set()),
        ("User=app\nAmbientCapabilities=CAP_NET_RAW", {M.CAPABILITIES, M.KERNEL}),
        ("User=app\nAmbientCapabilities=CAP_SYS_ADMIN", set()),
        ("User=app\nProtectClock=yes", {M.CAPABILITIES, M.KERNEL, M.NO_NEW_PRIVILEGES}),
        ("ProtectClock=yes", set()),
        ("CapabilityBoundingSet=CAP_NET_RAW\nProtectClock=yes", {M.CAPABILITIES, M.NO_NEW_PRIVILEGES}),
        ("SystemCallFilter=@system-service", {M.SYSTEM_CALLS}),
        ("SystemCallFilter=@system-service\nSystemCallFilter=", set()),
        ("PrivateTmp=yes", {M.NAMESPACES}),
        ("DevicePolicy=closed", {M.NAMESPACES}),
        ("ProtectSystem=yes", set()),
        ("ProtectSystem=strict", {M.WRITE_PATHS}),
        ("ReadOnlyPaths=/", {M.WRITE_PATHS}),
        ("ProtectKernelTunables=yes", set()),
        ("ProtectKernelTunables=yes\nProtectKernelModules=yes", {M.KERNEL}),
        ("PrivateUsers=yes", {M.CAPABILITIES, M.NAMESPACES}),
        (
            "DynamicUser=yes",
            {M.NO_NEW_PRIVILEGES, M.CAPABILITIES, M.NAMESPACES, M.WRITE_PATHS, M.KERNEL},
        ),
    ],
)
def test_a_setting_confines(lines: str, found: set[Measure]) -> None:
    assert measures(lines) & set(SANDBOX) == found


@pytest.mark.parametrize(
    ("lines", "files", "found"),
    [
        ("", {}, {M.TASKS}),
        ("TasksMax=infinity", {}, set()),
        ("MemoryMax=infinity", {}, {M.TASKS}),
        ("MemoryHigh=50M\nCPUQuota=20%", {}, {M.TASKS, M.MEMORY, M.CPU}),
        ("LimitAS=64M", {}, {M.TASKS, M.MEMORY}),
        ("LimitAS=64M:infinity", {}, {M.TASKS}),
        ("", {f"{FOLDER}/system.slice.d/m.conf": "[Slice]\nMemoryMax=1G\n"}, {M.TASKS, M.MEMORY}),
        ("Slice=a-b-c.slice", {f"{FOLDER}/a.slice": "[Slice]\nMemoryMax=1G\n"}, {M.TASKS, M.MEMORY}),
        ("Slice=a-b-c.slice", {f"{FOLDER}/b.slice": "[Slice]\nMemoryMax=1G\n"}, {M.TASKS}),
        ("", {f"{FOLDER}/app.service.d/m.conf": "[Service]\nMemoryMax=9M\n"}, {M.TASKS, M.MEMORY}),
        ("MemoryMax=9M", {f"{FOLDER}/app.service.d/m.conf": "[Service]\nMemoryMax=\n"}, {M.TASKS}),
    ],
)
def test_a_limit_holds_for_all_below_it(lines: str, files: dict[str, Content], found: set[Measure]) -> None:
    assert measures(lines, files) & set(LIMITS) == found


BOUNDING = [
    "",
    "CapabilityBoundingSet=",
    "CapabilityBoundingSet=~",
    "CapabilityBoundingSet=~CAP_SYS_ADMIN",
    "CapabilityBoundingSet=cap_net_raw",
    "CapabilityBoundingSet=CAP_SYS_PTRACE CAP_CHOWN",
    "CapabilityBoundingSet=CAP_SYS_PTRACE\nCapabilityBoundingSet=CAP_SYS_ADMIN",
    "CapabilityBoundingSet=CAP_SYS_PTRACE CAP_CHOWN\nCapabilityBoundingSet=~CAP_SYS_PTRACE",
    "CapabilityBoundingSet=~CAP_SYS_ADMIN\nCapabilityBoundingSet=CAP_SYS_ADMIN",
    "CapabilityBoundingSet=CAP_SYS_ADMIN\nCapabilityBoundingSet=\nCapabilityBoundingSet=CAP_SYS_RAWIO",
    "CapabilityBoundingSet=\nCapabilityBoundingSet=~CAP_SYS_ADMIN",
    "CapabilityBoundingSet=CAP_CHOWN\nCapabilityBoundingSet=~",
]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
@pytest.mark.parametrize("lines", BOUNDING)
def test_the_bounding_set_is_what_systemd_takes(lines: str, tmp_path: Path) -> None:
    (tmp_path / "app.service").write_text(f"[Service]\nExecStart=/bin/true\n{lines}\n")
    command = ["systemd-analyze", "security", "--offline=yes", "--json=short", "./app.service"]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, timeout=60)
    if not told.stdout.startswith(b"["):
        pytest.skip("this systemd-analyze does not judge files")
    rows = {row["json_field"]: row["set"] for row in json.loads(told.stdout)}
    witness = {name for name in confinement.MASTERLY if not rows[f"CapabilityBoundingSet_{name}"]}
    bounded = confinement.capabilities(unit(lines)[1])
    assert (confinement.MASTERLY if bounded is None else bounded) == witness
