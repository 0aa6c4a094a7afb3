"""Containers, whoever describes them."""

import json

import pytest
from systems.debian import BASE, UNITS, enabled, unit

from firmward.facts.collection import Collection
from firmward.facts.containers import Bind, Container, Containers
from firmward.model.memory import Content, MemoryTree, executable


def containers(files: dict[str, Content]) -> Containers:
    found = Collection(MemoryTree(files)).get(Containers)
    assert isinstance(found, Containers), found
    return found


def only(files: dict[str, Content]) -> Container:
    [found] = containers(files).containers
    return found


def run(command: str) -> Container:
    script = executable(f"#!/bin/sh\nNAME=app\n{command}\n")
    return only({"etc/inittab": "::sysinit:/etc/init.d/rcS\n", "etc/init.d/rcS": script})


def test_a_drop_in_adds_to_a_quadlet_and_the_last_in_the_order_of_names_wins() -> None:
    folder = "etc/containers/systemd"
    found = only(
        {
            f"{folder}/app.container": "[Container]\nImage=app:1\nReadOnly=true\nDropCapability=all\n",
            f"{folder}/app.container.d/20-late.conf": "[Container]\nReadOnly=false\n",
            f"{folder}/container.d/10-all.conf": "[Container]\nReadOnly=true\nAddCapability=SYS_ADMIN\n",
            f"{folder}/other.container.d/10.conf": "[Container]\nPodmanArgs=--privileged\n",
        }
    )
    assert (found.name, found.added, found.read_only, found.privileged) == ("app", ("SYS_ADMIN",), False, False)


def test_what_the_supervisor_of_balena_is_given_is_a_composition() -> None:
    service = {
        "image": "registry.example/app@sha256:1",
        "labels": {"io.balena.features.balena-socket": "1"},
        "composition": {"privileged": True, "pid": "host", "cap_add": ["SYS_ADMIN"], "mem_limit": "64m"},
    }
    apps = {"apps": {"a1": {"id": 7, "releases": {"r1": {"services": {"main": service}}}}}}
    found = only({"mnt/data/apps.json": json.dumps(apps)})
    assert (found.name, found.privileged, found.shared, found.added) == ("main", True, ("pid",), ("SYS_ADMIN",))
    assert found.binds == (Bind("/var/run/balena.sock"),)
    assert found.limits == {"memory"}
    assert found.starts
    assert containers({"mnt/data/apps.json": "{"}).unread


@pytest.mark.parametrize(
    ("labels", "sources", "keys"),
    [
        ({"io.balena.features.dbus": "1", "io.balena.features.sysfs": True}, {"/run/dbus", "/sys"}, ()),
        (["io.balena.features.procfs=true", "io.resin.features.kernel-modules=1"], {"/proc", "/lib/modules"}, ()),
        (
            {"io.balena.features.supervisor-api": 1, "io.balena.features.balena-api": "1"},
            set(),
            ("supervisor", "device"),
        ),
        ({"io.balena.features.dbus": "0", "io.balena.features.supervisor-api": "", "maker": "1"}, set(), ()),
    ],
)
def test_labels_of_balena_hand_in_what_is_the_hosts(labels: object, sources: set[str], keys: tuple[str, ...]) -> None:
    """Beside a service's composition an empty table of labels stands, which takes none of its own away."""
    service = {"labels": {}, "composition": {"image": "a@sha256:1", "labels": labels}}
    found = only({"mnt/data/apps.json": json.dumps({"apps": {"a1": {"services": {"main": service}}}})})
    assert {one.source for one in found.binds} == sources
    assert found.keys == keys
    composed = only({"opt/compose.yaml": json.dumps({"services": {"main": service["composition"]}})})
    assert ({one.source for one in composed.binds}, composed.keys, composed.starts) == (sources, keys, False)


@pytest.mark.parametrize(
    ("options", "field", "value"),
    [
        ("--privileged", "privileged", True),
        ("--privileged=false", "privileged", False),
        ("-it --net=host --pid host", "shared", ("network", "pid")),
        ("--network host", "shared", ("network",)),
        ("--network=bridge", "shared", ()),
        ("-v /:/host:ro,z -v data:/d", "binds", (Bind("/", True, "/host"),)),
        ("-dv /etc:/etc", "binds", (Bind("/etc", target="/etc"),)),
        ("--mount type=bind,src=/run,dst=/run", "binds", (Bind("/run", target="/run"),)),
        ("--mount type=volume,src=a,dst=/run", "binds", ()),
        ("--device /dev/mem:/dev/mem:rw", "devices", ("/dev/mem",)),
        ("--cap-add SYS_ADMIN --cap-add=NET_RAW", "added", ("SYS_ADMIN", "NET_RAW")),
        ("--security-opt seccomp=unconfined", "unconfined", ("seccomp",)),
        ("--security-opt no-new-privileges:true", "no_new_privileges", True),
        ("-u root -m 10m --pids-limit 5", "user", "root"),
        ("-u root -m 10m --pids-limit 5", "limits", frozenset({"memory", "pids"})),
        ("--read-only", "read_only", True),
        ("--rm --name $NAME", "name", "app"),
        ("--rm", "name", "rcS"),
        ("-e A=run -w /x", "image", "img:1"),
    ],
)
def test_options_of_run(options: str, field: str, value: object) -> None:
    assert getattr(run(f"docker run {options} img:1 --privileged -v /:/x"), field) == value


@pytest.mark.parametrize(
    "start", ["podman run", "docker -H unix:///x container run", "balena-engine create", "sudo docker run"]
)
def test_engines_have_many_names(start: str) -> None:
    assert run(f"{start} --privileged img").privileged


@pytest.mark.parametrize(
    "command", ["docker ps", "docker run", "docker compose run app", "docker exec app run", "podman"]
)
def test_other_commands_describe_nothing(command: str) -> None:
    script = executable(f"#!/bin/sh\n{command}\n")
    files: dict[str, Content] = {"etc/inittab": "::sysinit:/etc/init.d/rcS\n", "etc/init.d/rcS": script}
    assert Collection(MemoryTree(files)).get(Containers) is None


def test_a_unit_that_does_not_start_runs_nothing() -> None:
    files = {**BASE, f"{UNITS}/app.service": unit("/usr/bin/docker run --privileged img")}
    assert Collection(MemoryTree(files)).get(Containers) is None
    assert only({**files, **enabled("app.service")}).name == "app.service"


def test_a_service_of_a_compose_file() -> None:
    text = """
services:
  app:
    image: ${IMAGE:-app:1.0}
    network_mode: host
    ipc: "host"
    privileged: ${PRIVILEGED:-true}
    devices: ["/dev/ttyS0:/dev/ttyS0"]
    cap_add:
      - NET_ADMIN
    labels:
      io.balena.features.balena-socket: '1'
    volumes:
      - /srv:/srv
      - data:/data
      - {type: bind, source: /etc, target: /x, read_only: true}
    deploy: {resources: {limits: {memory: 1m}}}
"""
    found = only({"data/apps/docker-compose.yml": text})
    assert (found.name, found.at.line) == ("app", 3)
    assert found.image == "app:1.0"
    assert found.privileged
    assert found.shared == ("network", "ipc")
    assert found.devices == ("/dev/ttyS0",)
    assert found.binds == (Bind("/srv", target="/srv"), Bind("/etc", True, "/x"), Bind("/var/run/balena.sock"))
    assert found.limits == {"memory"}


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("opt/compose.yaml", 1),
        ("opt/docker-compose.override.yml", 1),
        ("usr/share/doc/x/docker-compose.yml", 0),
        ("opt/other.yml", 0),
    ],
)
def test_compose_files_by_their_names(path: str, count: int) -> None:
    files: dict[str, Content] = {path: "services:\n  a:\n    privileged: true\n", "etc/docker/daemon.json": "{}"}
    assert len(containers(files).containers) == count


def test_a_compose_file_that_is_named_when_it_is_started() -> None:
    files: dict[str, Content] = {
        "etc/inittab": "::sysinit:/usr/bin/docker compose -f /opt/stack.yml up -d\n",
        "opt/stack.yml": "services:\n  a:\n    image: b\n",
    }
    assert only(files).name == "a"


def test_a_compose_file_that_is_not_understood_is_told() -> None:
    assert containers({"opt/compose.yaml": "services: !include x\n"}).unread == (
        "opt/compose.yaml: line 1: '!include x' is not understood",
    )


def test_a_quadlet() -> None:
    text = (
        "[Unit]\nAfter=x\n[Container]\nImage=app:1\nAddCapability=NET_ADMIN SYS_TIME\nVolume=/run:/run\nNetwork=host\n"
        "NoNewPrivileges=true\nPodmanArgs=--privileged --pid host\nReadOnly=yes\n"
    )
    found = only({"etc/containers/systemd/app.container": text})
    assert (found.name, found.image, found.privileged, found.read_only) == ("app", "app:1", True, True)
    assert found.added == ("NET_ADMIN", "SYS_TIME")
    assert set(found.shared) == {"network", "pid"}
    assert found.no_new_privileges


def test_a_container_of_lxc() -> None:
    text = (
        "# x\nlxc.apparmor.profile = unconfined\nlxc.cap.drop =\nlxc.mount.auto = cgroup:mixed proc:rw\n"
        "lxc.mount.entry = /dev dev none rbind,create=dir 0 0\nlxc.cgroup2.devices.allow = a\n"
    )
    found = only({"var/lib/lxc/app/config": text})
    assert found.unconfined == ("apparmor",)
    assert found.added == ("ALL",)
    assert found.binds == (Bind("/dev"), Bind("/proc"))
    assert found.devices == ("all",)
    assert found.maps_root
    assert not only({"var/lib/lxc/app/config": "lxc.idmap = u 0 100000 65536\n"}).maps_root


def test_a_container_of_nspawn() -> None:
    text = "[Exec]\nCapability=all\n[Files]\nBind=/etc:/etc\nBindReadOnly=/usr\n[Network]\nVirtualEthernet=no\n"
    found = only({"etc/systemd/nspawn/app.nspawn": text})
    assert found.shared == ("network",)
    assert found.binds == (Bind("/etc"), Bind("/usr", read_only=True))
    assert found.added == ("all",)


def test_a_container_that_dockerd_keeps() -> None:
    folder = "var/lib/docker/containers/0123456789abcdef"
    host = {
        "Privileged": True,
        "NetworkMode": "host",
        "Binds": ["/:/host"],
        "Memory": 0,
        "PidsLimit": 5,
        "CapAdd": None,
    }
    files: dict[str, Content] = {
        f"{folder}/hostconfig.json": json.dumps(host),
        f"{folder}/config.v2.json": json.dumps({"Name": "/app", "Config": {"Image": "app", "User": ""}}),
    }
    found = only(files)
    assert (found.name, found.image, found.privileged, found.shared) == ("app", "app", True, ("network",))
    assert found.limits == {"pids"}
    assert found.binds == (Bind("/", target="/host"),)


@pytest.mark.parametrize(
    ("path", "text", "values"),
    [
        ("etc/docker/daemon.json", '{"insecure-registries": ["a:5000", "127.0.0.0/8", "localhost:5000"]}', ["a:5000"]),
        ("etc/docker/daemon.json", '{"hosts": ["unix:///x", "tcp://0.0.0.0:2375"]}', ["tcp://0.0.0.0:2375"]),
        ("etc/docker/daemon.json", '{"hosts": ["tcp://0.0.0.0:2376"], "tlsverify": true}', []),
        ("etc/containers/registries.conf", '[[registry]]\nlocation = "a:5000"\ninsecure = true\n', ["a:5000"]),
        ("etc/containers/registries.conf", '[registries.insecure]\nregistries = ["b"]\n', ["b"]),
        ("etc/containers/registries.conf", '[[registry]]\nlocation = "a:5000"\n', []),
        (
            "etc/containerd/config.toml",
            '[plugins."cri".registry.configs."c".tls]\ninsecure_skip_verify = true\n',
            ["c"],
        ),
        ("etc/containerd/config.toml", '[plugins.cri.registry.mirrors."d"]\nendpoint = ["http://d"]\n', ["http://d"]),
    ],
)
def test_engines_are_told(path: str, text: str, values: list[str]) -> None:
    assert [setting.value for setting in containers({path: text}).settings] == values


@pytest.mark.parametrize(
    "path", ["etc/docker/daemon.json", "etc/containerd/config.toml", "var/lib/docker/containers/a/hostconfig.json"]
)
@pytest.mark.parametrize("text", ["\x00\xff", "[1]", "{", "[" * 100_000])
def test_rubbish_is_told(path: str, text: str) -> None:
    found = containers({path: text})
    assert found.unread or path.endswith(".toml")


BASE_SERVICE = "services:\n  base:\n    network_mode: host\n    pid: host\n    image: app:1\n    cap_add: [NET_RAW]\n"


@pytest.mark.parametrize(
    ("extends", "other"),
    [
        ("{file: common.yaml, service: base}", {"opt/app/common.yaml": BASE_SERVICE}),
        ("{file: ../common.yaml, service: base}", {"opt/common.yaml": BASE_SERVICE}),
    ],
)
def test_what_a_service_extends_holds_for_it(extends: str, other: dict[str, Content]) -> None:
    text = f"services:\n  app:\n    extends: {extends}\n    cap_add: [NET_ADMIN]\n    user: '1000'\n"
    found = only({"opt/app/compose.yaml": text, **other})
    assert (found.name, found.shared, found.user, found.is_whole) == ("app", ("network", "pid"), "1000", True)
    assert found.added == ("NET_RAW", "NET_ADMIN")


def test_a_service_of_the_same_file_is_extended_by_its_name() -> None:
    [_, found] = containers({"compose.yaml": BASE_SERVICE + "  app:\n    extends: base\n    pid: ''\n"}).containers
    assert (found.name, found.shared) == ("app", ("network",))


def test_a_base_that_is_not_there_or_extends_itself_leaves_a_piece() -> None:
    found = only({"compose.yaml": "services:\n  app:\n    image: a\n    extends: {file: x.yaml, service: b}\n"})
    assert not found.is_whole
    assert not only({"compose.yaml": "services:\n  a: {extends: a, image: x}\n"}).is_whole


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        ('["8443:443"]', [("tcp", 8443, 443, "")]),
        ('["127.0.0.1:80:8080/tcp"]', [("tcp", 80, 8080, "127.0.0.1")]),
        ('["[::1]:80:8080"]', [("tcp", 80, 8080, "::1")]),
        ('["53:53/udp"]', [("udp", 53, 53, "")]),
        ('["${PORT:-81}:80"]', [("tcp", 81, 80, "")]),
        ('["9090-9091:8080-8081"]', [("tcp", 9090, 8080, ""), ("tcp", 9091, 8081, "")]),
        ('["3000", "127.0.0.1::80", "$PORT:80", "x"]', []),
        ("[{target: 1883, published: 1884, protocol: tcp}]", [("tcp", 1884, 1883, "")]),
        ('[{target: 80, published: "8080", host_ip: 127.0.0.1}]', [("tcp", 8080, 80, "127.0.0.1")]),
        ("[{target: 80}]", []),
    ],
)
def test_ports_are_published(ports: str, expected: list[tuple[str, int, int, str]]) -> None:
    found = only({"compose.yaml": f"services:\n  app:\n    image: a\n    ports: {ports}\n"}).published
    assert [(one.protocol, one.port, one.target, one.address) for one in found] == expected


def test_run_and_quadlets_publish_too() -> None:
    found = run("docker run -p 8080:80 --publish 127.0.0.1:81:81 -p 82 img:1")
    assert [(one.port, one.address) for one in found.published] == [(8080, ""), (81, "127.0.0.1")]
    quadlet = only({"etc/containers/systemd/a.container": "[Container]\nImage=a:1\nPublishPort=8080:80\n"})
    assert [one.port for one in quadlet.published] == [8080]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("--host=tcp://0.0.0.0:2375 --host unix:///run/docker.sock", ["tcp://0.0.0.0:2375"]),
        ("-H tcp://:2376", ["tcp://0.0.0.0:2376"]),
        ("-H tcp://0.0.0.0:2376 --tlsverify", []),
        ("-H tcp://127.0.0.1:2375", []),
        ("-H fd://", []),
    ],
)
def test_an_engine_is_told_its_sockets_on_its_command_line(options: str, expected: list[str]) -> None:
    files: dict[str, Content] = {"etc/inittab": f"::respawn:/usr/bin/dockerd {options}\n", "compose.yaml": ""}
    assert [one.value for one in containers(files).settings if one.key == "engine-socket"] == expected
