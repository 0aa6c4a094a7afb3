"""Three people on three machines make releases together, and what they do when keys are stolen."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import stores
import tokens
from ceremony import BOARD, STABLE, Ceremony
from stock_client import StockClient
from tuf.api.exceptions import RepositoryError

from firmward.model.errors import InputError, TrustError
from firmward.signing import changes as store_changes
from firmward.signing.algorithm import Algorithm, Custody
from firmward.signing.changes import NewRole
from firmward.signing.custody import Making
from firmward.signing.key_store import KeyStore
from firmward.signing.release import signatures, survey
from firmward.signing.role import Role
from firmward.update import manifest

PATH = STABLE.path(BOARD)
OFFLINE = (Role.UPDATE_ROOT, Role.TARGETS, Role.RELEASE)


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory, token_settings: tokens.SoftToken | None) -> Ceremony:
    """anna and ben hold keys in files, carla in a token; two of three have to sign; the server signs online."""
    if token_settings is None:
        pytest.skip("SoftHSM is not installed")
    with pytest.MonkeyPatch.context() as patch, stores.cheaply():
        patch.setenv("SOFTHSM2_CONF", str(token_settings.settings))
        return founded_with(tmp_path_factory.mktemp("company"), token_settings)


def founded_with(folder: Path, token: tokens.SoftToken) -> Ceremony:
    one = Ceremony(folder, datetime.now(UTC).replace(microsecond=0))
    for name in ("anna", "ben"):
        one.person(name, *OFFLINE)
    held = Making(Custody.PKCS11, Algorithm.ECDSA_P256, token.module, token.label)
    store_changes.init(
        folder / "carla", [NewRole(role, held) for role in OFFLINE], stores.known(tokens.PIN), stores.DAY
    )
    one.stores["carla"] = folder / "carla"
    one.person("server", Role.SNAPSHOT, Role.TIMESTAMP)
    people = ("anna", "ben", "carla", "server")
    root = one.written(one.root(people, root=2, targets=2))
    carried(one, root, "anna", "carla")
    one.publish(root)
    delegation = one.written(one.delegation(STABLE, "anna", "ben", "carla"))
    carried(one, delegation, "anna", "ben")
    one.publish(delegation)
    return one


@pytest.fixture
def company(founded: Ceremony, tmp_path: Path, token: tokens.SoftToken) -> Ceremony:
    """The same in a folder of its own."""
    assert token
    folder = Path(shutil.copytree(founded.folder, tmp_path / "company"))
    places = {name: folder / name for name in founded.stores}
    return Ceremony(folder, founded.now, founded.count, places)


@contextmanager
def stick(folder: Path) -> Iterator[Path]:
    """The draft on another machine, where there is nothing else; and back."""
    away = folder.with_name("stick")
    shutil.copytree(folder, away)
    shutil.rmtree(folder)
    yield away
    shutil.copytree(away, folder)
    shutil.rmtree(away)


def carried(one: Ceremony, draft: Path, *people: str) -> None:
    hidden = one.repository.with_name("not-here")
    if one.repository.exists():
        one.repository.rename(hidden)
    for name in people:
        with stick(draft) as away:
            pin = tokens.PIN if name == "carla" else stores.PASSPHRASE
            signatures.sign(away, one.store(name), stores.known(pin))
    if hidden.exists():
        hidden.rename(one.repository)


def version_at(one: Ceremony, client: StockClient) -> str | None:
    content = client.fetched(one.repository, PATH)
    return None if content is None else manifest.parse(content).version


def device(one: Ceremony, name: str) -> StockClient:
    return StockClient(one.folder / name, (one.repository / "metadata/1.root.json").read_bytes())


def test_two_of_three_sign_and_one_alone_publishes_nothing(company: Ceremony) -> None:
    draft = company.written(company.release("1.0"))
    carried(company, draft, "carla")
    company.publish(draft)
    client = device(company, "device")
    assert version_at(company, client) == "1.0"
    alone = company.written(company.root(("anna", "server")))
    carried(company, alone, "anna")
    with pytest.raises(TrustError, match="signed by 1/2 keys"):
        company.publish(alone)
    carried(company, alone, "ben")
    company.publish(alone)
    assert not survey.survey(company.repository, None, company.now).problems


def test_signing_again_changes_nothing_and_says_who_is_missing(company: Ceremony) -> None:
    draft = company.written(company.root(("anna", "server")))
    first = signatures.sign(draft, company.store("anna"), stores.known())
    assert first.added == (("update-root-1", "root"),)
    assert [one.missing for one in first.standings] == [1, 1]  # by the root before, and by itself
    before = (draft / "next/root.json").read_bytes()
    again = signatures.sign(draft, company.store("anna"), stores.known())
    assert (again.added, again.left) == ((), ())
    assert (draft / "next/root.json").read_bytes() == before
    with pytest.raises(InputError, match="none of the keys"):
        signatures.sign(draft, company.store("server"), stores.known())


def test_a_thief_with_the_online_keys_installs_nothing_and_is_shut_out_by_a_new_root(company: Ceremony) -> None:
    client = device(company, "device")
    draft = company.written(company.release("1.0"))
    carried(company, draft, "anna")
    company.publish(draft)
    assert version_at(company, client) == "1.0"
    # the thief signs a release with a key of his own, and publishes it with ours
    thief = Ceremony(company.folder / "thief", company.now)
    shutil.copytree(company.repository, thief.folder / "repository")
    thief.stores["server"] = company.stores["server"]
    thief.person("own", Role.RELEASE)
    evil = thief.written(thief.release("6.6", 9))
    with pytest.raises(InputError, match="none of the keys"):
        signatures.sign(evil, thief.store("own"), stores.known())
    with pytest.raises(TrustError):
        thief.publish(evil)
    # he can make what is there look fresh for ever, and far ahead
    for _ in range(5):
        thief.now += timedelta(minutes=1)
        thief.renew()
    assert version_at(thief, client) == "1.0"
    # new online keys on a clean machine, named by a new root of two people
    for role in (Role.SNAPSHOT, Role.TIMESTAMP):
        name = f"{role}-1"
        store_changes.rotate(company.stores["server"], role, stores.known(), stores.DAY)
        store_changes.revoke(company.stores["server"], name, "server broken into", stores.DAY)
    root = company.written(company.root(("server",)))
    carried(company, root, "ben", "carla")
    company.publish(root)
    following = company.written(company.release("1.1", 1))
    carried(company, following, "ben")
    company.publish(following)
    assert version_at(company, client) == "1.1"
    thief.now += timedelta(minutes=1)
    shutil.copy(company.repository / "metadata/2.root.json", thief.repository / "metadata")
    with pytest.raises(RepositoryError):
        version_at(thief, device(company, "new"))


def test_a_stolen_release_key_is_left_out_by_a_delegation_and_what_it_signed_is_refused(company: Ceremony) -> None:
    client = device(company, "device")
    thief = KeyStore.open(Path(shutil.copytree(company.stores["ben"], company.folder / "thief")))
    stolen = company.written(company.release("6.6"))
    signatures.sign(stolen, thief, stores.known())
    store_changes.rotate(company.stores["ben"], Role.RELEASE, stores.known(), stores.DAY)
    store_changes.revoke(company.stores["ben"], "release-1", "laptop stolen", stores.DAY)
    delegation = company.written(company.delegation(STABLE, "ben"))
    carried(company, delegation, "anna", "carla", "ben")
    company.publish(delegation)
    with pytest.raises((InputError, TrustError)):
        company.publish(stolen)
    draft = company.written(company.release("1.0"))
    with pytest.raises(InputError, match="none of the keys"):
        signatures.sign(draft, thief, stores.known())
    carried(company, draft, "anna")
    company.publish(draft)
    assert version_at(company, client) == "1.0"


def test_a_store_that_is_gone_is_dropped_by_the_id_of_its_key(company: Ceremony) -> None:
    lost = company.store("ben").find("release-1").id
    dropped = company.delegation(STABLE, drop=[lost[:12]])
    targets = dropped.next["targets"].metadata.signed.to_dict()
    assert len(targets["delegations"]["roles"][0]["keyids"]) == 2
    with pytest.raises(InputError, match="begins the id of no key"):
        company.delegation(STABLE, drop=["0" * 12])
    with pytest.raises(InputError, match="revoke it there first"):
        company.delegation(STABLE, "ben", drop=[lost[:12]])
    with pytest.raises(InputError, match="no beginning of a key's id"):
        company.delegation(STABLE, drop=["../" * 9])


def test_a_revoked_or_retired_key_signs_no_release(company: Ceremony) -> None:
    draft = company.written(company.release("1.0"))
    store_changes.rotate(company.stores["anna"], Role.RELEASE, stores.known(), stores.DAY)
    with pytest.raises(TrustError, match="was retired"):
        signatures.sign(draft, company.store("anna"), stores.known())
    store_changes.revoke(company.stores["ben"], "release-1", "stolen", stores.DAY)
    with pytest.raises(TrustError, match="was revoked"):
        signatures.sign(draft, company.store("ben"), stores.known())


def test_a_wrong_pin_signs_nothing(company: Ceremony) -> None:
    draft = company.written(company.release("1.0"))
    before = (draft / "next/camera.stable.json").read_bytes()
    with pytest.raises(TrustError, match="wrong PIN"):
        signatures.sign(draft, company.store("carla"), stores.known("9999"))
    assert (draft / "next/camera.stable.json").read_bytes() == before
