"""Whom a device trusts first: what the policy names, or the command."""

from dataclasses import replace
from pathlib import Path

import pytest
import signed_camera
import update_repository

from firmward.build.client.trusted_root import TrustedRoot, director_root, trusted_root
from firmward.model.errors import InputError
from firmward.model.policy import Policy, parse_policy


@pytest.fixture(scope="module")
def policy() -> Policy:
    return parse_policy(signed_camera.POLICY.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> TrustedRoot:
    path = update_repository.publish(tmp_path_factory.mktemp("maker") / "repository")
    return TrustedRoot(path.name, path.read_bytes())


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


def test_a_director_has_a_root_exactly_where_its_orders_are_waited_for(
    policy: Policy, trusted: TrustedRoot, tmp_path: Path
) -> None:
    assert policy.update is not None
    path = tmp_path / "1.root.json"
    path.write_bytes(trusted.content)
    waiting = replace(policy, update=replace(policy.update, director=True))
    assert director_root(waiting, path) == TrustedRoot("1.root.json", trusted.content)
    assert director_root(policy, None) is None
    other = replace(policy, update=replace(policy.update, mechanism="rauc", director=True))
    assert director_root(other, None) is None
    for said, given, words in (
        (waiting, None, "give its director/metadata"),
        (policy, path, "director = true"),
        (other, path, "director = true"),
        (waiting, tmp_path, "Is a directory"),
    ):
        with pytest.raises(InputError, match=words):
            director_root(said, given)


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
