"""The update client in a root: what lies where, what is refused, and that nothing else changes."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import signed_camera
import update_repository

from firmward.build import inputs as named
from firmward.build.client import byte_code, put_in
from firmward.build.client.interpreter import Interpreter, of_root
from firmward.build.client.starts import busybox, loop
from firmward.build.client.trusted_root import TrustedRoot
from firmward.build.inputs import Inputs
from firmward.build.trees import Given
from firmward.model.errors import InputError
from firmward.model.memory import MemoryTree, link
from firmward.model.policy import Policy, parse_policy
from firmward.model.tree import Kind
from firmward.update import identity

EPOCH = 1_700_000_000
PYTHON = {
    "usr/bin/python3": link("python3.11"),
    "usr/bin/python3.11": "",
    "usr/lib/python3.11/encodings/__init__.py": "",
}


@pytest.fixture(scope="module")
def policy() -> Policy:
    return parse_policy(signed_camera.POLICY.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def camera(policy: Policy) -> Inputs:
    return named.read(policy, signed_camera.camera(), signed_camera.TODAY)


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> TrustedRoot:
    path = update_repository.publish(tmp_path_factory.mktemp("maker") / "repository")
    return TrustedRoot(path.name, path.read_bytes())


@pytest.fixture(scope="module")
def made(camera: Inputs, policy: Policy, trusted: TrustedRoot) -> Inputs:
    return put_in.put_in(camera, policy, trusted, EPOCH)[0]


def test_the_camera_gets_its_client_and_keeps_all_else(camera: Inputs, made: Inputs) -> None:
    before = {entry.path: entry for entry in camera.root.tree.entries()}
    after = {entry.path: entry for entry in made.root.tree.entries()}
    assert before.items() <= after.items()
    new = {path for path in after if path not in before}
    assert {path for path in new if not path.startswith(put_in.LIBRARY)} == {
        *("usr/share", put_in.STARTER, put_in.SHARE, put_in.DEVICE, put_in.TRUSTED),
        *("usr/libexec", loop.PATH, busybox.PATH),
    }
    assert {(after[path].uid, after[path].gid, after[path].mtime) for path in new} == {(0, 0, EPOCH)}
    modes = {path: after[path].mode for path in new if after[path].kind is Kind.FILE}
    programs = {path: mode for path, mode in modes.items() if mode != 0o644}
    assert programs == dict.fromkeys((put_in.STARTER, loop.PATH, busybox.PATH), 0o755)
    assert made.tools is camera.tools


def test_it_says_who_the_device_is(made: Inputs, trusted: TrustedRoot) -> None:
    assert json.loads(made.root.tree.text(put_in.DEVICE) or "") == {
        "product": "camera",
        "board": "qemu-arm64",
        "channel": "stable",
        "version": "1.4.0",
        "rollback_index": 1,
        "built": EPOCH,
        "server": "https://updates.maker.example",
        "window": "02:00-04:00",
        "quota": "50M/month",
        "rate": "",
        "grace": "",
        "director": False,
        "floor": "",
        "health": {"commands": ["/usr/bin/camera-selftest"], "seconds": 120},
    }
    assert made.root.tree.read(put_in.TRUSTED) == trusted.content


def test_what_the_policy_says_of_updates_is_what_the_device_reads(
    camera: Inputs, policy: Policy, trusted: TrustedRoot
) -> None:
    assert policy.update is not None
    assert policy.boot is not None
    said = replace(
        policy,
        update=replace(policy.update, grace="30d", director=True),
        boot=replace(policy.boot, floor="tpm"),
    )
    directing = TrustedRoot("other.json", b"{}")
    made, words = put_in.put_in(camera, said, trusted, EPOCH, directing)
    read = identity.parse(made.root.tree.read(put_in.DEVICE) or b"")
    assert (read.grace, read.director, read.floor) == (30 * 24 * 3600, True, "tpm")
    assert (read.product, read.version, read.built, read.device) == ("camera", "1.4.0", EPOCH, "")
    assert made.root.tree.read(put_in.DIRECTOR) == directing.content
    assert "and the orders of other.json" in words
    plain = identity.parse(put_in.put_in(camera, policy, trusted, EPOCH)[0].root.tree.read(put_in.DEVICE) or b"")
    assert (plain.grace, plain.director, plain.floor) == (0, False, "")


def test_it_is_compiled_for_the_python_of_the_root_or_not_at_all(
    camera: Inputs, made: Inputs, policy: Policy, trusted: TrustedRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = of_root(camera.root.tree)
    assert found == Interpreter((3, 11))
    cached = f"{put_in.LIBRARY}/{byte_code.cached('trust/client.py')}"
    assert made.root.tree.is_file(cached) == byte_code.fits(found)
    assert made.root.tree.is_file(f"{put_in.LIBRARY}/trust/client.py")
    monkeypatch.setattr("sys.version_info", (3, 99))
    other, words = put_in.put_in(camera, policy, trusted, EPOCH)
    assert not other.root.tree.is_file(cached)
    assert "for Python 3.11, not compiled" in words


def test_two_times_the_same_bytes(camera: Inputs, made: Inputs, policy: Policy, trusted: TrustedRoot) -> None:
    again = put_in.put_in(camera, policy, trusted, EPOCH)[0]
    for path in (entry.path for entry in made.root.tree.entries() if entry.path.startswith(put_in.LIBRARY)):
        assert made.root.tree.lstat(path) == again.root.tree.lstat(path)
        assert made.root.tree.read(path) == again.root.tree.read(path)


def test_an_earlier_client_goes_altogether(camera: Inputs, policy: Policy, trusted: TrustedRoot) -> None:
    old = {f"{put_in.LIBRARY}/old.py": "", f"{put_in.SHARE}/other.json": "", put_in.STARTER: "old", "etc/kept": "x"}
    root = Given(Path("root"), "tar", MemoryTree({**PYTHON, **old}))
    tree = put_in.put_in(replace(camera, root=root), policy, trusted, EPOCH)[0].root.tree
    assert not tree.exists(f"{put_in.LIBRARY}/old.py")
    assert not tree.exists(f"{put_in.SHARE}/other.json")
    assert tree.read(put_in.STARTER) == put_in.START
    assert tree.read("etc/kept") == b"x"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"bin/sh": ""}, "has no Python 3 with its library at /usr/bin/python3, and the update client needs 3.11"),
        (
            {"usr/bin/python3": "", "usr/lib/python3.9/encodings/__init__.py": ""},
            "has Python 3.9, and the update client",
        ),
    ],
)
def test_a_root_without_a_python_that_is_enough_is_refused_in_one_line(
    camera: Inputs, policy: Policy, trusted: TrustedRoot, files: dict[str, str], words: str
) -> None:
    root = Given(Path("root"), "tar", MemoryTree(files))
    with pytest.raises(InputError, match=words) as caught:
        put_in.put_in(replace(camera, root=root), policy, trusted, EPOCH)
    assert "\n" not in str(caught.value)
