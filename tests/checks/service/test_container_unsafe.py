"""Containers: each thing that takes a piece of the wall away, and nothing of what is careful."""

import pytest

from firmward.audit.engine import Verdict, families, judge
from firmward.checks.service.container_unsafe import CAREFUL, container_unsafe
from firmward.facts.collection import Collection
from firmward.model.clock import Clock
from firmward.model.finding import Outcome, Severity
from firmward.model.memory import Content, MemoryTree
from firmward.model.policy import parse_policy

HIGH, MEDIUM, LOW = Severity.HIGH, Severity.MEDIUM, Severity.LOW
PATH = "opt/app/docker-compose.yml"


def verdict(files: dict[str, Content]) -> Verdict:
    facts = Collection(MemoryTree(files)).facts("system", families([container_unsafe]))
    return judge(container_unsafe, facts, parse_policy(""), Clock.__new__(Clock))


def found(text: str) -> list[tuple[str, Severity | None]]:
    return [(finding.key, finding.severity) for finding in verdict({PATH: text}).findings]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("privileged: true", [("privileged", HIGH)]),
        ("network_mode: host", [("host-network", MEDIUM)]),
        ("pid: host", [("host-pid", HIGH)]),
        ("ipc: host", [("host-ipc", MEDIUM)]),
        ("devices: [/dev/mem]", [("device", HIGH)]),
        ("devices: [/dev/ttyS1, /dev/i2c-1]", []),
        ("cap_add: [SYS_ADMIN]", [("capability", HIGH)]),
        ("cap_add: [CAP_NET_ADMIN]", [("capability", LOW)]),
        ("cap_add: [CHOWN]", []),
        ("user: root:root", [("root-user", LOW)]),
        ("user: app", []),
        ("read_only: false", [("writable-root", LOW)]),
        ("mem_limit:", []),
        ("image: app", [("mutable-tag", LOW)]),
        ("image: registry.example:5000/app", [("mutable-tag", LOW)]),
        ("image: app:latest", [("mutable-tag", LOW)]),
        ("image: app:${TAG}", []),
        ("image: app:1.0", []),
        ("security_opt: []", [("new-privileges", LOW)]),
        ("security_opt: ['no-new-privileges', 'apparmor:unconfined']", [("unconfined", MEDIUM)]),
        ("volumes: [/var/run/docker.sock:/var/run/docker.sock:ro]", [("docker-socket", HIGH)]),
        ("volumes: [/:/host]", [("host-path", HIGH)]),
        ("volumes: [/etc/:/host]", [("host-path", HIGH)]),
        ("volumes: [/etc:/host:ro]", [("host-path", LOW)]),
        ("volumes: [/:/host:ro]", [("host-path", MEDIUM)]),
        ("volumes: [/run/dbus:/run/dbus]", [("host-path", MEDIUM)]),
        ("volumes: [/srv/app:/data, /dev/log:/dev/log, ./x:/x]", []),
    ],
)
def test_each_row(line: str, expected: list[tuple[str, Severity]]) -> None:
    key = line.partition(":")[0]
    rows = CAREFUL.splitlines(keepends=True)
    kept = [row for row in rows if not row.strip().startswith(f"{key}:")]
    assert found("".join(kept) + f"    {line}\n") == [(f"{name} app", severity) for name, severity in expected]


def test_what_is_left_out_counts() -> None:
    assert {key for key, _ in found("services:\n  app:\n    image: app:1\n")} == {
        "writable-root app",
        "no-limits app",
        "new-privileges app",
    }


@pytest.mark.parametrize(
    "text",
    ["services:\n  app:\n    user: '5'\n", "services:\n  app:\n    extends: {file: a.yml, service: b}\n    image: a\n"],
)
def test_a_piece_of_a_whole_is_not_asked_for_what_it_lacks(text: str) -> None:
    assert not found(text)


def test_an_engine_that_forbids_new_privileges_does_so_for_all() -> None:
    text = CAREFUL.replace('["no-new-privileges:true"]', "[]")
    files: dict[str, Content] = {PATH: text, "etc/docker/daemon.json": '{"no-new-privileges": true}'}
    assert verdict(files).outcome is Outcome.PASS


def test_two_of_a_name_are_told_apart() -> None:
    text = CAREFUL + "    pid: host\n"
    keys = [finding.key for finding in verdict({PATH: text, "opt/b/docker-compose.yml": text}).findings]
    assert keys == ["host-pid app", "host-pid app opt/b/docker-compose.yml"]


def test_lxc_without_an_idmap() -> None:
    files: dict[str, Content] = {"var/lib/lxc/app/config": "lxc.uts.name = app\n"}
    assert [(one.key, one.severity) for one in verdict(files).findings] == [("root-user app", MEDIUM)]


def test_a_registry_without_tls() -> None:
    files: dict[str, Content] = {"etc/docker/daemon.json": '{"insecure-registries": ["r.example:5000"]}'}
    assert [(one.key, one.severity) for one in verdict(files).findings] == [("insecure-registry r.example:5000", HIGH)]


def test_without_containers_it_is_no_question() -> None:
    assert verdict({"etc/passwd": ""}).outcome is Outcome.NOT_APPLICABLE


def test_what_is_not_understood_is_unknown() -> None:
    assert verdict({PATH: "services: !x\n"}).outcome is Outcome.UNKNOWN
