"""What attackers offer by way of updates: the device's own client refuses each, and takes its maker's afterwards."""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

import ceremony
import pytest
import stores
from ceremony import BOARD, Ceremony

from firmward.build.built import Built
from firmward.lab import updates as kept
from firmward.lab.attack import (
    update_downgrade,
    update_forged,
    update_mix_and_match,
    update_online_key_stolen,
    update_wrong_device,
)
from firmward.lab.attacks import Unseen
from firmward.lab.challenge import LEAST, MOST, Challenge
from firmward.lab.means import naive_server, offered_update
from firmward.lab.means.offered_update import Offered
from firmward.lab.means.update_server import Site, Whole, folder, over
from firmward.lab.updates import OnlineKeys, Updates, payloads
from firmward.model.errors import DeviceError, TrustError
from firmward.signing.release import changes
from firmward.signing.release.naming import naming
from firmward.signing.role import Role
from firmward.signing.tuf_keys import own_id, store_role
from firmward.signing.tuf_repository import channel
from firmward.trust import trusted
from firmward.trust.place import Below, Steps
from firmward.update.identity import Identity
from firmward.update.offer import Current, Device, Offer
from firmward.update.question import Question, Roots, repository_at

RECORDER = channel("recorder", "stable")
ASKED = Challenge(LEAST + 3, MOST - 5)
OFFERS = {
    "forged": update_forged.offer,
    "downgrade": update_downgrade.offer,
    "mix-and-match": update_mix_and_match.offer,
    "wrong-device": update_wrong_device.offer,
    "online-key-stolen": update_online_key_stolen.offer,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Updates]:
    """As tools/proof-updates makes them, of small releases."""
    with stores.cheaply():
        maker = ceremony.begun(tmp_path_factory.mktemp("maker"))
        maker.now = ceremony.NOW
        maker.publish(maker.signed(maker.delegation(RECORDER, "office"), "office"))
        release(maker, "1.3.0", 0, "past")
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(ceremony, "MANIFEST", replace(ceremony.MANIFEST, product="recorder"))
            maker.publish(maker.signed(maker.release("1.4.0", 0, RECORDER, "recorder"), "office"))
        release(maker, "1.4.0", 1, "stale")
        release(maker, "1.5.0", 2, "current")
        broken(maker)
        recovered(maker)
        online = OnlineKeys(maker.store("server"), stores.known())
        yield Updates(maker.folder / "updates", "camera", BOARD, online)


def release(maker: Ceremony, version: str, index: int, name: str) -> None:
    maker.publish(maker.signed(maker.release(version, index), "office"))
    shutil.copytree(maker.repository, maker.folder / "updates" / name)


def broken(maker: Ceremony) -> None:
    """In a copy: elsewhere nobody hears of it."""
    before = maker.folder / "before"
    shutil.copytree(maker.repository, before)
    release(maker, "1.5.1", 2, "broken")
    shutil.rmtree(maker.repository)
    before.rename(maker.repository)


def recovered(maker: Ceremony) -> None:
    """The online keys are those of another store now."""
    maker.person("clean", Role.SNAPSHOT, Role.TIMESTAMP)
    root, clean = maker.state.root.signed, [maker.store("clean")]
    namings = {
        name: naming(clean, store_role(name), drop=[own_id(root.keys[one]) for one in root.roles[name].keyids])
        for name in ("snapshot", "timestamp")
    }
    draft = changes.rooted(maker.state, namings, ceremony.TERMS, maker.now)
    maker.publish(maker.signed(draft, "office"), "clean")
    shutil.copytree(maker.repository, maker.folder / "updates" / "recovered")


@dataclass
class SitePlace:
    """A site, as the client has it: every path that it asked for."""

    site: Site
    asked: list[str] = field(default_factory=list)

    def content(self, path: Steps) -> bytes | None:
        self.asked.append(f"/{'/'.join(path)}")
        answer = self.site(self.asked[-1], 0)
        assert isinstance(answer, Whole)
        return answer.content

    def read(self, path: Steps, limit: int) -> bytes | None:
        content = self.content(path)
        if content is not None and len(content) > limit:
            raise TrustError("too long")
        return content

    def stream(self, path: Steps, offset: int, limit: int) -> Iterator[bytes]:
        content = self.content(path)
        if content is None:
            raise DeviceError("is not there")
        yield content[offset : offset + limit]


@dataclass
class Asker:
    """The device's client, which runs 1.4.0."""

    state: Path
    updates: Updates
    now: float = ceremony.NOW.timestamp()

    def takes(self, site: Site) -> list[str]:
        """Asks, takes what is offered, and gives the paths it asked for. Raises what the client raises."""
        identity = Identity("camera", BOARD, "stable", "1.4.0", 1, int(self.now) - 86400)
        root = (self.updates.place("current") / "metadata/1.root.json").read_bytes()
        question = Question(Device(identity, floor=1), Roots(root), self.state, lambda: self.now)
        self.place = SitePlace(site)
        reply = question.ask(repository_at(self.place, ""))
        if isinstance(reply.answer, Offer):
            blobs = Below(self.place, ("targets", "blobs"))
            for payload in reply.answer.manifest.value.payloads:
                came = b"".join(blobs.stream((payload.sha256,), 0, payload.size))
                if sha256(came).hexdigest() != payload.sha256:
                    raise TrustError("another payload")
        else:
            assert isinstance(reply.answer, Current)
        return self.place.asked


@pytest.fixture
def asker(tmp_path: Path, made: Updates) -> Asker:
    return Asker(tmp_path / "state", made)


@pytest.fixture(params=OFFERS)
def offer(request: pytest.FixtureRequest, made: Updates) -> Offered:
    found: Offered = OFFERS[request.param](made, ASKED)
    return found


def test_the_client_refuses_it_and_takes_its_makers_update_afterwards(
    offer: Offered, asker: Asker, made: Updates
) -> None:
    with pytest.raises((TrustError, DeviceError)):
        asker.takes(offer.site)
    assert not offer.bad.intersection(asker.place.asked)
    assert payloads(made.manifest("current")) <= set(asker.takes(offered_update.honest(made, offer.then)))


def test_a_naive_updater_finds_a_script_that_answers_the_challenge(offer: Offered) -> None:
    text = offer.site(naive_server.ASKED, 0)
    assert isinstance(text, Whole)
    assert text.content is not None
    _, name = text.content.decode().split()
    script = offer.site(f"{naive_server.FOLDER}{name}", 0)
    assert isinstance(script, Whole)
    assert ASKED.shell in (script.content or b"").decode()


def test_a_client_that_verifies_nothing_is_seen_to_take_a_forged_one(
    made: Updates, asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trusted, "holds", lambda *_: True)
    offer = update_forged.offer(made, ASKED)
    assert offer.bad <= set(asker.takes(offer.site))


def test_with_the_stolen_keys_a_client_comes_as_far_as_the_channel(made: Updates, asker: Asker) -> None:
    for module, last in ((update_forged, "timestamp.json"), (update_online_key_stolen, "camera.stable.json")):
        offer = module.offer(made, ASKED)
        with pytest.raises(TrustError):
            asker.takes(offer.site)
        assert asker.place.asked[-1].endswith(last)


def test_what_is_old_and_expired_is_refused_and_what_is_fresh_rested_with(made: Updates, asker: Asker) -> None:
    stale = folder(made.place("stale"))
    assert not payloads(made.manifest("current")).intersection(asker.takes(stale))
    asker.now += 3 * 86400
    with pytest.raises(TrustError, match="expired"):
        asker.takes(stale)


def built(**changes: object) -> Built:
    said = {"product": "camera", "board": BOARD, "version": "1.4.0", "rollback_index": 1}
    empty = dict.fromkeys(Built.__dataclass_fields__, "")
    return Built(**{**empty, **said, **changes})  # type: ignore[arg-type]


def test_repositories_that_would_show_nothing_say_why(made: Updates, tmp_path: Path) -> None:
    assert kept.unfit(made, built()) is None
    assert "not newer" in (kept.unfit(made, built(rollback_index=2)) or "")
    assert "not older" in (kept.unfit(made, built(rollback_index=0)) or "")
    assert "current" in (kept.unfit(Updates(tmp_path, "camera", BOARD), built()) or "")
    with pytest.raises(Unseen, match=r"offers camera\.stable nothing"):
        Updates(made.folder, "camera", "other-board").manifest("current")


def test_the_other_product_is_found_or_missed(made: Updates) -> None:
    assert made.other() == RECORDER
    assert Updates(made.folder, "recorder", BOARD).other().product == "camera"


def test_what_an_attacker_puts_before_a_site_hides_what_is_there() -> None:
    site = over({"/a": b"own"}, over({"/a": b"theirs", "/b": b"theirs"}))
    assert (site("/a", 0), site("/b", 1)) == (Whole(b"own"), Whole(b"theirs", 1))


def test_the_forged_repository_is_made_in_little_time(made: Updates) -> None:
    begun = time.monotonic()
    update_forged.offer(made, ASKED)
    assert time.monotonic() - begun < 5


def test_the_other_products_channel_lies_where_this_ones_is_looked_for(made: Updates) -> None:
    state = made.state("current")
    ours, theirs = state.of_channel(made.channel), state.of_channel(RECORDER)
    crossed = update_wrong_device.crossed(made)
    assert crossed[f"/metadata/{ours.signed.version}.camera.stable.json"] == theirs.content
    assert any(b'"product":"recorder"' in content for content in crossed.values())


def test_the_former_channel_and_payloads_lie_where_the_newest_ones_are_looked_for(made: Updates) -> None:
    now, then = made.state("current"), made.state("past")
    mixed = update_mix_and_match.mixed(made)
    place = f"/metadata/{now.of_channel(made.channel).signed.version}.camera.stable.json"
    assert mixed[place] == then.of_channel(made.channel).content
    (new,), (old,) = payloads(made.manifest("current")), payloads(made.manifest("past"))
    assert mixed[new] == (made.place("past") / old.lstrip("/")).read_bytes()
