"""Containers' descriptions without what takes their wall down: what else stands in them stays as it is."""

import json
import shutil
import subprocess
from pathlib import Path

import hardened
import pytest

from firmward.harden.draft import Refused
from firmward.harden.settings import docker_daemon
from firmward.model.memory import Content, executable

CHECK = "container-unsafe"
COMPOSE = "opt/app/docker-compose.yml"
CAREFUL = """\
# the maker's own words
services:
  app:  # the application
    image: registry.example/app:1.4
    user: "1000"
    read_only: true
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    mem_limit: 64m
    pids_limit: 50
    environment:
      DB_PASSWORD: hunter2-is-secret
    volumes:
      - ./data:/data
"""
BARE = "services:\n  app:\n    image: registry.example/app:1.4\n    restart: always\n"
TWO = BARE + "  other:\n    image: registry.example/other:1.4\n    read_only: true\n"

ADDED = [
    ("privileged", CAREFUL + "    privileged: true  # why\n", "    privileged: false  # why\n"),
    ("host-network", CAREFUL + "    network_mode: host\n", None),
    ("host-pid", CAREFUL + "    pid: host\n", None),
    ("host-ipc", CAREFUL + "    ipc: host\n", None),
    ("docker-socket", CAREFUL + "      - /var/run/docker.sock:/var/run/docker.sock\n", None),
    ("docker-socket", CAREFUL + "      - type: bind\n        source: /run/docker.sock\n        target: /s\n", None),
    ("capability", CAREFUL + "    cap_add: [NET_ADMIN, NET_BIND_SERVICE]\n", "    cap_add: [NET_BIND_SERVICE]\n"),
    ("capability", CAREFUL + "    cap_add:\n      - SYS_ADMIN\n", "    cap_add: []\n"),
    ("device", CAREFUL + '    devices: ["/dev/mem:/dev/mem"]\n', "    devices: []\n"),
    (
        "fleet-key",
        CAREFUL + '    labels:\n      io.balena.features.supervisor-api: "1"\n      other: "2"\n',
        '      other: "2"\n',
    ),
]


def compose(text: str) -> dict[str, Content]:
    return {COMPOSE: text}


@pytest.mark.parametrize(("row", "text", "kept"), ADDED)
def test_what_was_too_much_goes_and_the_rest_stays(row: str, text: str, kept: str | None) -> None:
    done = hardened.of_files(compose(text), unsafe=True, only=(CHECK,))
    assert not done.left(CHECK)
    after = done.draft.text(COMPOSE) or ""
    assert after.startswith(CAREFUL[: CAREFUL.index("    volumes")])
    assert kept is None or kept in after
    again = hardened.hardened(done.draft, None, unsafe=True, only=(CHECK,))
    assert not list(again.draft.touched())


def test_what_is_missing_is_added_at_its_service() -> None:
    done = hardened.of_files(compose(TWO), unsafe=True, only=(CHECK,))
    assert not done.left(CHECK)
    app, other = (done.draft.text(COMPOSE) or "").split("  other:\n")
    for words in ("read_only: true", "pids_limit:", "mem_limit:", "no-new-privileges:true"):
        assert app.count(words) == other.count(words) == 1


@pytest.mark.parametrize(("row", "text", "kept"), [*ADDED, ("all", TWO, None)])
@pytest.mark.skipif(shutil.which("docker-compose") is None, reason="docker-compose is not installed")
def test_docker_compose_reads_the_same_services(row: str, text: str, kept: str | None, tmp_path: Path) -> None:
    done = hardened.of_files(compose(text), unsafe=True, only=(CHECK,))
    (tmp_path / "docker-compose.yml").write_text(done.draft.text(COMPOSE) or "")
    command = ["docker-compose", "-f", str(tmp_path / "docker-compose.yml"), "config"]
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert said.returncode == 0, said.stderr
    for name in ("app", *(("other",) if row == "all" else ())):
        assert f"{name}:" in said.stdout


@pytest.mark.parametrize(
    "text",
    [
        "services:\n  app: {image: a:1, privileged: true}\n",
        "x-a: &a\n  privileged: true\nservices:\n  app:\n    <<: *a\n    image: app:1.4\n",
        "services:\n  app:\n    privileged: true\n    command: --password=hunter2-is-secret\n    image: a:1\n",
    ],
)
def test_what_is_not_plain_is_left_to_a_person_or_cured(text: str) -> None:
    done = hardened.of_files(compose(text), unsafe=True, only=(CHECK,))
    left = {key for _, key in done.left(CHECK)}
    chosen = {cure.key for cure in done.applied.done}
    assert not left & chosen
    assert not done.applied.refused


def test_no_remedy_holds_what_stands_in_the_environment() -> None:
    text = CAREFUL.replace("read_only: true", "read_only: false")
    done = hardened.of_files(
        compose(text.replace("app:1.4", "app:1.4  # pulled with the token hunter2-too")), unsafe=True
    )
    told = repr([one.remedy for check, one in hardened.findings(done.before) if check == CHECK])
    assert told
    assert "hunter2" not in told


def script(line: str) -> dict[str, Content]:
    return {
        "etc/inittab": "::sysinit:/etc/init.d/rcS\n",
        "etc/init.d/rcS": executable(f"#!/bin/sh\n{line}\n"),
    }


@pytest.mark.parametrize(
    "line",
    [
        "docker run -d --name app --privileged app:1.0",
        "docker run -d --name app -v /var/run/docker.sock:/var/run/docker.sock app:1.0",
        "podman run --pid=host --net host --cap-add SYS_ADMIN app:1.0 --pid=host",
        "docker run --security-opt seccomp=unconfined --device /dev/mem --rm \\\n  -p 80:80 app:1.0 &",
    ],
)
def test_a_command_line_is_written_anew(line: str) -> None:
    done = hardened.of_files(script(line), unsafe=True, only=(CHECK,))
    assert not done.left(CHECK)
    after = done.draft.text("etc/init.d/rcS") or ""
    assert after.splitlines()[1].split()[:2] == line.split()[:2]
    assert after.rstrip().endswith(line.splitlines()[-1].split("app:1.0")[-1].strip() or "app:1.0")
    again = hardened.hardened(done.draft, None, unsafe=True, only=(CHECK,))
    assert not list(again.draft.touched())


def test_what_the_program_itself_is_told_stays() -> None:
    done = hardened.of_files(script("docker run --privileged app:1.0 run --opt"), unsafe=True, only=(CHECK,))
    assert (done.draft.text("etc/init.d/rcS") or "").rstrip().endswith("app:1.0 run --opt")


def test_where_the_engines_words_end_has_to_be_plain() -> None:
    done = hardened.of_files(script('docker run --privileged "app":1.0 --privileged'), unsafe=True, only=(CHECK,))
    assert done.left(CHECK)
    assert not list(done.draft.touched())


QUADLET = "[Container]\n# its image\nImage=app:1.0\nPodmanArgs=--pid=host\nNetwork=host\nEnvironment=PASSWORD=hunter2\n"


def test_a_quadlet_keeps_what_else_it_says() -> None:
    done = hardened.of_files({"etc/containers/systemd/app.container": QUADLET}, unsafe=True, only=(CHECK,))
    assert not done.left(CHECK)
    after = done.draft.text("etc/containers/systemd/app.container") or ""
    assert "# its image\n" in after
    assert "Environment=PASSWORD=hunter2\n" in after
    assert "ReadOnly=true\n" in after


@pytest.mark.parametrize(
    ("before", "option", "value", "after"),
    [
        ({"hosts": ["tcp://0.0.0.0:2375"], "icc": False}, "hosts", '["fd://"]', {"hosts": ["fd://"], "icc": False}),
        ({"seccomp-profile": "unconfined", "a": 1}, "seccomp-profile", "", {"a": 1}),
        ({}, "insecure-registries", "[]", {"insecure-registries": []}),
        ({"a": 1}, "b", "", {"a": 1}),
    ],
)
def test_an_option_of_the_engine_is_set(
    before: dict[str, object], option: str, value: str, after: dict[str, object]
) -> None:
    text = docker_daemon.set_option(json.dumps(before), option, value, None)
    assert json.loads(text) == after
    assert docker_daemon.set_option(text, option, value, None) == text


@pytest.mark.parametrize("text", ["[]", "{", "[" * 100_000])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        docker_daemon.set_option(text, "hosts", "[]", None)
