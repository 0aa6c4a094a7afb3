"""The director by command, from what a channel releases to the device that asks for it."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
import stores
from ceremony import BOARD, NOW, STABLE, Ceremony

from firmward.model.errors import FirmwardError, InputError, TrustError
from firmward.signing import changes as store_changes
from firmward.signing.director import Lasting
from firmward.signing.key_store import KeyStore
from firmward.signing.release import direction
from firmward.signing.release.direction import Director
from firmward.signing.role import Role
from firmward.signing.shelf import Digest, Shelf
from firmward.trust.folder import Folder
from firmward.update.identity import Identity
from firmward.update.offer import Answer, Current, Device, Offer
from firmward.update.question import Question, Roots, repository_at

NAME, OTHER = "SN-0017", "SN-0018"
IDENTITY = Identity("camera", BOARD, "stable", "0.9", 0, int(NOW.timestamp()) - 90 * 86400, director=True, grace=86400)


@dataclass
class Directed:
    """A repository, the director's store, and devices whose state lies in a folder of their own."""

    made: Ceremony
    days: int = 1

    @property
    def repository(self) -> Path:
        return self.made.repository

    @property
    def by(self) -> Director:
        return self.with_store("director")

    def with_store(self, name: str) -> Director:
        return Director(self.made.store(name), stores.known(), Lasting(order=timedelta(days=self.days)), self.made.now)

    def root(self, owners: str = "director", online: str = "director") -> int:
        return direction.next_root(
            self.repository, self.made.store(owners), self.made.store(online), stores.known(), self.made.now
        )

    def order(self, *names: str, version: str | None = None, slot: str = "inactive", by: Director | None = None) -> str:
        return direction.order(self.repository, names, STABLE, BOARD, version, slot, by or self.by)

    def place(self, name: str = NAME) -> Path:
        return self.repository / "director" / name / "metadata"

    def asks(self, name: str = NAME, after: timedelta = timedelta(), **changes: object) -> Answer:
        roots = Roots(
            (self.repository / "metadata/1.root.json").read_bytes(),
            (self.repository / direction.root_file(1)).read_bytes(),
        )
        known = replace(IDENTITY, **changes)  # type: ignore[arg-type]
        moment = (self.made.now + after).timestamp()
        question = Question(Device(known, name, "b"), roots, self.made.folder / f"state-{name}", lambda: moment)
        return question.ask(repository_at(Folder(self.repository), name)).answer

    def release(self, version: str) -> None:
        self.made.publish(self.made.signed(self.made.release(version, 1), "office"))


@pytest.fixture
def directed(made: Ceremony) -> Directed:
    made.person("director", Role.DIRECTOR_ROOT, Role.DIRECTOR)
    found = Directed(made)
    assert found.root() == 1
    return found


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_device_takes_what_is_ordered_and_no_other_device_does(directed: Directed) -> None:
    with pytest.raises(TrustError, match="timestamp: the repository has none"):
        directed.asks()
    assert directed.order(NAME, version="1.0") == "1.0"
    answer = directed.asks()
    assert isinstance(answer, Offer)
    assert answer.manifest.value.version == "1.0"
    assert isinstance(directed.asks(version="1.0"), Current)
    shutil.copytree(directed.place(), directed.place(OTHER))
    with pytest.raises(TrustError, match=f"for the device '{NAME}'"):
        directed.asks(OTHER)


def test_many_are_ordered_at_once_and_renewed_at_once(directed: Directed) -> None:
    directed.order(NAME, OTHER)
    assert direction.devices(directed.repository) == (NAME, OTHER)
    directed.made.now += timedelta(days=2)
    directed.made.renew()
    for name in (NAME, OTHER):
        with pytest.raises(TrustError, match="expired"):
            directed.asks(name)
    direction.renew(directed.repository, direction.devices(directed.repository), directed.by)
    assert all(isinstance(directed.asks(name), Offer) for name in (NAME, OTHER))


def test_an_order_ends_after_its_day_whatever_the_grace(directed: Directed) -> None:
    directed.order(NAME)
    assert isinstance(directed.asks(after=timedelta(hours=23)), Offer)
    directed.made.now += timedelta(hours=25)
    directed.made.renew()
    with pytest.raises(TrustError, match="expired"):
        directed.asks()


def test_a_slot_that_runs_is_not_written(directed: Directed) -> None:
    directed.order(NAME, slot="b")
    assert isinstance(directed.asks(), Offer)
    directed.order(NAME, slot="a")
    with pytest.raises(TrustError, match="means the slot a"):
        directed.asks()


def test_an_order_for_one_release_is_none_for_the_next(directed: Directed) -> None:
    directed.order(NAME)
    directed.release("1.1")
    with pytest.raises(TrustError, match="other bytes"):
        directed.asks()
    stays = directed.asks(version="1.0")
    assert isinstance(stays, Current)
    assert "stay with 1.0" in stays.reason
    direction.renew(directed.repository, [NAME], directed.by)
    assert isinstance(directed.asks(version="1.0"), Current)
    with pytest.raises(InputError, match=r"offers 1\.1 for"):
        directed.order(NAME, version="1.0")
    directed.order(NAME, version="1.1")
    assert isinstance(directed.asks(version="1.0"), Offer)


def test_whoever_is_told_to_stay_stays(directed: Directed) -> None:
    directed.order(NAME)
    direction.stay(directed.repository, [NAME], directed.by)
    answer = directed.asks()
    assert isinstance(answer, Current)
    assert "orders nothing" in answer.reason
    direction.renew(directed.repository, [NAME], directed.by)
    assert isinstance(directed.asks(), Current)


def test_yesterdays_order_is_no_order(directed: Directed) -> None:
    directed.order(NAME)
    directed.asks()
    before = contents(directed.place())
    direction.stay(directed.repository, [NAME], directed.by)
    assert isinstance(directed.asks(), Current)
    for name, content in before.items():
        (directed.place() / name).write_bytes(content)
    with pytest.raises(TrustError, match="timestamp"):
        directed.asks()


def test_a_rotated_key_orders_nothing_more(directed: Directed) -> None:
    directed.order(NAME)
    directed.asks()
    thief = shutil.copytree(directed.made.folder / "director", directed.made.folder / "thief")
    directed.made.stores["thief"] = thief
    store_changes.rotate(directed.made.stores["director"], Role.DIRECTOR, stores.known(), stores.DAY)
    with pytest.raises(TrustError, match="0 of the director keys that root 1 names"):
        directed.order(NAME)
    assert directed.root() == 2
    direction.renew(directed.repository, [NAME], directed.by)
    assert isinstance(directed.asks(), Offer)
    assert isinstance(directed.asks(), Offer)  # from the roots that it kept
    with pytest.raises(TrustError, match="0 of the director keys that root 2 names"):
        directed.order(NAME, by=directed.with_store("thief"))


def test_a_root_key_goes_over_to_its_successor(directed: Directed) -> None:
    directed.order(NAME)
    store = directed.made.stores["director"]
    with pytest.raises(InputError, match="rotate director-root"):
        store_changes.revoke(store, "director-root-1", "stolen", stores.DAY)
    store_changes.rotate(store, Role.DIRECTOR_ROOT, stores.known(), stores.DAY)
    assert (directed.root(), directed.root()) == (2, 3)
    directed.order(NAME, OTHER)
    for name in (NAME, OTHER):
        assert isinstance(directed.asks(name), Offer)
        assert sorted(path.name for path in directed.place(name).glob("*.root.json")) == [
            f"{number}.root.json" for number in (1, 2, 3)
        ]


def test_nobody_else_makes_the_next_root(directed: Directed) -> None:
    directed.made.person("stranger", Role.DIRECTOR_ROOT, Role.DIRECTOR)
    before = contents(directed.repository)
    with pytest.raises(TrustError, match="root"):
        directed.root("stranger", "stranger")
    with pytest.raises(InputError, match="0 keys of the role director-root"):
        directed.root("office")
    with pytest.raises(TrustError, match="of the director keys"):
        directed.order(NAME, by=directed.with_store("stranger"))
    assert contents(directed.repository) == before


def test_what_devices_would_refuse_is_not_published(directed: Directed) -> None:
    directed.order(NAME)
    before = contents(directed.repository)
    directed.made.now += timedelta(days=366)
    with pytest.raises(TrustError, match="root: has expired"):
        directed.order(NAME)
    assert contents(directed.repository) == before
    assert directed.root() == 2
    directed.order(NAME)


def test_a_directors_root_is_none_of_the_channels(directed: Directed) -> None:
    directed.root()
    directed.order(NAME)
    shutil.copyfile(directed.repository / direction.root_file(2), directed.repository / "metadata/2.root.json")
    with pytest.raises(TrustError, match="root"):
        directed.asks()


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "-a", "a b", "x" * 65, "ä"])
def test_a_device_is_called_by_a_name_and_not_by_a_path(directed: Directed, name: str) -> None:
    before = contents(directed.made.folder)
    for act in (direction.stay, direction.renew):
        with pytest.raises(InputError, match="no device may be called so"):
            act(directed.repository, [NAME, name], directed.by) if act is direction.stay else act(
                directed.repository, [name], directed.by
            )
    assert contents(directed.made.folder) == before


def test_what_is_missing_is_told(directed: Directed) -> None:
    with pytest.raises(InputError, match="never told anything"):
        direction.renew(directed.repository, [NAME], directed.by)
    with pytest.raises(InputError, match="offers nothing for the board rpi4"):
        direction.order(directed.repository, [NAME], STABLE, "rpi4", None, "inactive", directed.by)
    shutil.rmtree(directed.repository / "director")
    with pytest.raises(InputError, match="has no root yet"):
        directed.order(NAME)


def test_what_somebody_changed_is_not_renewed_and_can_be_ordered_anew(directed: Directed) -> None:
    directed.order(NAME, OTHER)
    (targets,) = directed.place().glob("*.targets.json")
    for content in (
        targets.read_bytes().replace(b'"1.0"', b'"6.6"'),
        b"",
        b"{}",
        (directed.place(OTHER) / targets.name).read_bytes(),
    ):
        targets.write_bytes(content)
        with pytest.raises(TrustError, match="give it a new one"):
            direction.renew(directed.repository, [NAME], directed.by)
    directed.order(NAME)
    assert isinstance(directed.asks(), Offer)


class PowerCutError(Exception):
    pass


@pytest.mark.parametrize("is_rotated", [False, True], ids=str)
def test_whatever_ends_it_a_device_finds_its_old_order_or_its_new_one(directed: Directed, is_rotated: bool) -> None:
    directed.order(NAME)
    directed.release("1.1")
    if is_rotated:
        store_changes.rotate(directed.made.stores["director"], Role.DIRECTOR, stores.known(), stores.DAY)
        directed.root()
    write, cuts, answers = Shelf.write, 0, []
    while True:
        left = cuts

        def cut(shelf: Shelf, name: str, pieces: Iterable[bytes], expected: Digest | None = None) -> None:
            nonlocal left
            if not left:
                raise PowerCutError
            left -= 1
            write(shelf, name, pieces, expected)

        with patch.object(Shelf, "write", cut):
            try:
                directed.order(NAME, version="1.1")
                is_over = True
            except PowerCutError:
                is_over = False
        shutil.rmtree(directed.made.folder / f"state-{NAME}", ignore_errors=True)
        try:
            answers.append(type(directed.asks(version="1.0")).__name__)
        except FirmwardError as error:
            answers.append(str(error).split(":")[0])
        if is_over:
            break
        cuts += 1
    # between a new root and the first timestamp by its keys nothing holds, as in any repository of TUF
    assert set(answers[:-1]) <= {"Current", "timestamp"} if is_rotated else set(answers[:-1]) == {"Current"}
    assert answers[-1] == "Offer"


def test_years_of_orders_leave_few_files(directed: Directed) -> None:
    for _ in range(9):
        directed.order(NAME)
    assert len(list(directed.place().iterdir())) == 6  # a root, a timestamp, and two of each of the others
    assert isinstance(directed.asks(), Offer)


def test_who_orders_has_the_key_and_nobody_can_read_it_without_its_passphrase(directed: Directed) -> None:
    by = Director(KeyStore.open(directed.made.stores["director"]), stores.unknown(), Lasting(), directed.made.now)
    before = contents(directed.repository)
    with pytest.raises(FirmwardError):
        directed.order(NAME, by=by)
    assert contents(directed.repository) == before
