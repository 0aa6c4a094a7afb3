"""A store with every role, and a repository with a release: each made once and copied for each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import stores
import tokens
from ceremony import Ceremony, copied, released

from firmward.signing.changes import NewRole
from firmward.signing.role import Role


@pytest.fixture(autouse=True)
def cheap() -> Iterator[None]:
    with stores.cheaply():
        yield


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rest = [NewRole(role) for role in Role if role not in (Role.BOOT, Role.UPDATE_ROOT)]
    boot, root = NewRole(Role.BOOT, spare=True), NewRole(Role.UPDATE_ROOT, threshold=2)
    return stores.make_store(tmp_path_factory.mktemp("stores") / "keys", boot, root, *rest)


@pytest.fixture
def store(original: Path, tmp_path: Path) -> Path:
    """boot-1 with its spare boot-2, update-root-1 and -2 of which both have to sign, and one key of each other role."""
    return Path(shutil.copytree(original, tmp_path / "keys"))


@pytest.fixture(scope="session")
def first_release(tmp_path_factory: pytest.TempPathFactory) -> Ceremony:
    return released(tmp_path_factory.mktemp("released"))


@pytest.fixture
def made(first_release: Ceremony, tmp_path: Path) -> Ceremony:
    """A repository whose channel stable has version 1.0, with the stores `office` and `server`."""
    return copied(first_release, tmp_path / "made")


@pytest.fixture(scope="session")
def token_settings(tmp_path_factory: pytest.TempPathFactory) -> tokens.SoftToken | None:
    return tokens.soft_token(tmp_path_factory.mktemp("softhsm"))


@pytest.fixture
def token(token_settings: tokens.SoftToken | None, monkeypatch: pytest.MonkeyPatch) -> tokens.SoftToken:
    if token_settings is None:
        pytest.skip("SoftHSM is not installed")
    monkeypatch.setenv("SOFTHSM2_CONF", str(token_settings.settings))
    return token_settings


@pytest.fixture(scope="module")
def tpm_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str | None]:
    with tokens.soft_tpm(tmp_path_factory.mktemp("swtpm")) as address:
        yield address


@pytest.fixture
def tpm(tpm_address: str | None, monkeypatch: pytest.MonkeyPatch) -> str:
    if tpm_address is None:
        pytest.skip("swtpm or tpm2-tools is not installed")
    monkeypatch.setenv("TPM2TOOLS_TCTI", tpm_address)
    return tpm_address
