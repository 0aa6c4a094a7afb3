"""What targets may delegate: channels, each with paths of its own and keys that devices know."""

from collections.abc import Callable

import pytest
from ceremony import STABLE

from firmward.model.errors import FirmwardError
from firmward.signing.algorithm import Algorithm, generate
from firmward.signing.tuf_keys import tuf_key
from firmward.signing.tuf_model import DelegatedRole, Delegations, Targets
from firmward.signing.tuf_repository import delegations

KEY = tuf_key(generate(Algorithm.ED25519).public_key())


def targets(name: str = STABLE.role, paths: list[str] | None = None, listed: str | None = None) -> Targets:
    role = DelegatedRole(name, [KEY.keyid], 1, True, [STABLE.pattern] if paths is None else paths)
    return Targets(delegations=Delegations({KEY.keyid: KEY}, {listed or name: role}))


def test_a_channel_of_its_own_paths_is_taken() -> None:
    assert [role.name for role in delegations(targets())] == [STABLE.role]
    assert delegations(Targets()) == ()


@pytest.mark.parametrize(
    "made",
    [
        lambda: targets(paths=["camera/*/*"]),
        lambda: targets(paths=["camera/stable/*", "camera/beta/*"]),
        lambda: targets(paths=["*"]),
        lambda: targets(paths=[]),
        lambda: targets(name="camera.beta"),
        lambda: targets(name="stable", paths=["stable/*"]),
        lambda: targets(name="../../etc"),
        lambda: targets(listed="camera.beta"),
    ],
)
def test_anything_else_is_refused(made: Callable[[], Targets]) -> None:
    with pytest.raises(FirmwardError):
        delegations(made())


def test_a_key_under_anothers_id_is_refused() -> None:
    found = targets()
    other = tuf_key(generate(Algorithm.ED25519).public_key())
    assert found.delegations is not None
    found.delegations.keys = {KEY.keyid: type(KEY)(KEY.keyid, KEY.keytype, KEY.scheme, other.keyval)}
    with pytest.raises(FirmwardError, match="not its own"):
        delegations(found)
