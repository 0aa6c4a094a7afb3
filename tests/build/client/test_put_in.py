"""The update client in a root: what lies where, what is refused, and that nothing else changes."""

import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
import signed_camera
import update_repository

from firmward.build import inputs as named
from firmward.build import tar_stream
from firmward.build.client import byte_code, put_in
from firmward.build.client.interpreter import Interpreter, of_root
from firmward.build.client.over import Over
from firmward.build.client.trusted_root import TrustedRoot, trusted_root
from firmward.build.inputs import Inputs
from firmward.build.trees import FOLDER, Given, open_tree
from firmward.model.errors import InputError
from firmward.model.memory import MemoryTree, Node, link
from firmward.model.policy import Policy, parse_policy
from firmward.model.tree import Kind

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
        *("usr/share", put_in.STARTER, put_in.SHARE, put_in.DEVICE, put_in.TRUSTED)
    }
    assert {(after[path].uid, after[path].gid, after[path].mtime) for path in new} == {(0, 0, EPOCH)}
    modes = {path: after[path].mode for path in new if after[path].kind is Kind.FILE}
    assert [path for path, mode in modes.items() if mode != 0o644] == [put_in.STARTER]
    assert modes[put_in.STARTER] == 0o755
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
        "health": {"commands": ["/usr/bin/camera-selftest"], "seconds": 120},
    }
    assert made.root.tree.read(put_in.TRUSTED) == trusted.content


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


# the root's Python


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (PYTHON, (3, 11)),
        ({"usr/bin/python3": "", "usr/lib64/python3.13/encodings/__init__.pyc": ""}, (3, 13)),
        ({"usr/bin/python3": link("python3.12"), "usr/bin/python3.12": "", "usr/lib/python312.zip": ""}, (3, 12)),
        ({"usr/bin/python3": "", "usr/lib/python3.9/encodings/__init__.py": ""}, (3, 9)),
        ({"usr/bin/python3": link("python3.11"), "usr/bin/python3.11": ""}, None),
        ({"usr/bin/python3": link("python3.11"), "usr/lib/python3.11/encodings/__init__.py": ""}, None),
        ({"usr/lib/python3.11/encodings/__init__.py": ""}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_which_python_a_root_has(files: dict[str, str | Node], expected: tuple[int, int] | None) -> None:
    found = of_root(MemoryTree(files))
    assert (None if found is None else found.version) == expected


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


# files over a root


def over(below: dict[str, str | Node], *paths: str) -> Over:
    return Over(MemoryTree(below), dict.fromkeys(paths, (b"new", 0o644)), (), EPOCH)


def test_files_lie_where_links_lead() -> None:
    tree = over({"usr/lib": link("../lib"), "lib/old": "x"}, "usr/lib/firmward/a")
    assert tree.read("usr/lib/firmward/a") == b"new"
    assert tree.lstat("usr/lib") == MemoryTree({"usr/lib": link("../lib")}).lstat("usr/lib")
    assert tree.names("lib") == ("firmward", "old")


@pytest.mark.parametrize("there", [{"usr/lib": "a file"}, {"usr/lib": link("nowhere")}])
def test_there_has_to_be_a_place(there: dict[str, str | Node]) -> None:
    with pytest.raises(InputError, match=r"^/usr/lib is a .*, and the update client goes below it"):
        over(there, "usr/lib/firmward/a")


def test_a_folder_of_this_machine_takes_them_too(tmp_path: Path) -> None:
    (tmp_path / "usr").mkdir()
    (tmp_path / "usr/old").write_text("old")
    given = open_tree(tmp_path)
    assert given.kind == FOLDER
    out = io.BytesIO()
    tree = Over(given.tree, {"usr/lib/firmward/a": (b"new", 0o644)}, (), EPOCH)
    tar_stream.write(replace(given, tree=tree), out, EPOCH)
    with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as archive:
        found = {member.name: member for member in archive}
        content = archive.extractfile("usr/lib/firmward/a")
        assert content is not None
        assert content.read() == b"new"
    assert list(found) == ["usr", "usr/lib", "usr/lib/firmward", "usr/lib/firmward/a", "usr/old"]


# whom the device trusts


def test_the_policy_names_it_or_the_command_does(policy: Policy, trusted: TrustedRoot, tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/root.json").write_bytes(trusted.content)
    assert policy.update is not None
    assert trusted_root(policy, tmp_path, None) is None
    said = replace(policy, update=replace(policy.update, keys=("keys/root.json",)))
    assert trusted_root(said, tmp_path, None) == TrustedRoot("root.json", trusted.content)
    (tmp_path / "other.json").write_bytes(trusted.content + b"\n")
    assert trusted_root(said, tmp_path, tmp_path / "other.json") == TrustedRoot("other.json", trusted.content + b"\n")
    for wrong, words in ((("a", "b"), "one root.json"), (("keys/none.json",), r"none\.json")):
        with pytest.raises(InputError, match=words):
            trusted_root(replace(policy, update=replace(policy.update, keys=wrong)), tmp_path, None)


def test_other_mechanisms_have_other_keys(policy: Policy, tmp_path: Path) -> None:
    assert policy.update is not None
    other = replace(policy, update=replace(policy.update, mechanism="rauc", keys=("ca.pem",)))
    assert trusted_root(other, tmp_path, None) is None
    with pytest.raises(InputError, match="--update-root: is for devices with"):
        trusted_root(other, tmp_path, tmp_path / "root.json")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"not JSON",
        b'{"signed": {"_type": "root"}}',
        b'{"signatures": [{}], "signed": {"_type": "targets"}}',
        b'{"signatures": [], "signed": {"_type": "root"}}',
    ],
)
def test_what_is_no_signed_root_is_refused(policy: Policy, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "root.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"root\.json: is "):
        trusted_root(policy, tmp_path, path)
