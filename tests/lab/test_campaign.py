"""A campaign: what is seen of an attack becomes a verdict, the worst of all rounds counts, and nothing is left out.

The machine is played by a program, and what is seen of it is real.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from played_pair import ANSWER, BOTH, FOUND, HEALTHY, IS_TWIN, WAIT, left_on_disk, played_pair, tiny_build
from played_qemu import play

from firmward.lab import campaign, target
from firmward.lab.attacks import Attack, Need, Position, Result, Unseen
from firmward.lab.campaign import Attempt, Baseline, NotTried, Run, Verdict, attempt, baseline, lost, tried
from firmward.lab.device import Kind
from firmward.lab.pair import Pair
from firmward.lab.target import Target
from firmward.lab.updates import Updates
from firmward.model.chain import KERNEL
from firmward.model.errors import InputError

WON, STOPPED, DETECTED = Result.SUCCEEDED, Result.STOPPED, Result.DETECTED


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_build(tmp_path_factory.mktemp("built") / "out")


@pytest.fixture
def pair(out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    monkeypatch.setenv("PATH", str(tmp_path / "programs"))
    monkeypatch.setattr(target, "SETTLES", 0.3)
    play(tmp_path / "programs", BOTH)
    return played_pair(out, tmp_path / "media")


LONG, SHORT = 60.0, 2.0
"""Seconds: what is waited for ends the one on the slowest machine, and the other is for what never comes."""


def leave(one: Target, within: float = LONG) -> Result:
    """Something for a shell on the disk, and see who runs."""
    one.write("data", left_on_disk(one.challenge))
    return one.withstands(within)


def attack(run: Callable[[Target], Result] = leave, **others: object) -> Attack:
    made = Attack("left-on-disk", "Left", "leaves it", Position.BENCH, KERNEL, "a case", ("fit-unsigned",), run)
    return replace(made, **others)  # type: ignore[arg-type]


# --- one run ----------------------------------------------------------------------------------------------------------

RESETS = "while True:\n    tell(event='RESET')\n    time.sleep(0.2)"
NEITHER = "neither the attacker's program nor the device was seen within 2 s"
SEEN: dict[str, tuple[str, float, Result | None, str]] = {
    "the attacker's program answers": (
        FOUND + ANSWER,
        LONG,
        WON,
        "the attacker's program answered the challenge",
    ),
    "it answers after the device is healthy": (
        f"{FOUND}{HEALTHY}\ntime.sleep(0.5)\n{ANSWER}",
        LONG,
        WON,
        "the attacker's program answered the challenge",
    ),
    "Linux marks its slot good": (
        HEALTHY,
        LONG,
        STOPPED,
        "Linux marked slot a good, and nobody answered the challenge",
    ),
    "it is reset again and again": (RESETS, 4.0, STOPPED, r"it was reset \d+ times in 4 s and ran nothing else"),
    "the factors alone come back": (f"{FOUND}say(won[0].decode())", SHORT, None, NEITHER),
    "the device only says that it is healthy": ("say('firmward: slot a is healthy')", SHORT, None, NEITHER),
    "nothing is heard": ("pass", SHORT, None, NEITHER),
    "it is switched off": ("tell(event='SHUTDOWN')\nsys.exit()", LONG, None, "the machine was switched off"),
    "QEMU crashes": ("sys.exit('it broke')", LONG, None, "qemu-system-aarch64 ended with 1: it broke"),
}


@pytest.mark.parametrize("case", SEEN)
def test_what_is_seen_of_the_device_is_the_verdict(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    body, within, result, says = SEEN[case]
    protected = "\n    ".join(f"{body}\n{WAIT}".splitlines())
    play(tmp_path / "programs", f"if {IS_TWIN}:\n    sys.exit()\nelse:\n    {protected}")
    if result is WON:
        monkeypatch.setattr(target, "SETTLES", LONG)
    (run,) = attempt(pair, attack(lambda one: leave(one, within))).hardened
    assert run.result is result
    assert re.fullmatch(says, run.evidence[-1].says)


def test_an_attack_succeeds_on_the_twin_and_the_device_goes_on(pair: Pair) -> None:
    done = attempt(pair, attack())
    assert (done.plain_verdict, done.hardened_verdict) == (Verdict.SUCCEEDED, Verdict.STOPPED)
    assert done.proves
    assert done.seconds == pytest.approx(done.plain[0].seconds + done.hardened[0].seconds)
    assert [(one.witness.value, one.says) for one in done.hardened[0].evidence] == [
        ("disk", "Linux marked slot a good, and nobody answered the challenge")
    ]


def fault(_: Target) -> Result:
    raise ValueError("a fault of the attack's own")


def unseen(_: Target) -> Result:
    raise Unseen("nothing can be told")


def beyond(one: Target) -> Result:
    one.write("data", b"x", one.size("data"))
    return WON


@pytest.mark.parametrize(
    ("run", "says"),
    [
        (fault, "ValueError: a fault of the attack's own"),
        (unseen, "nothing can be told"),
        (beyond, "1 bytes at 1048576 do not fit into data, which has 1048576"),
    ],
)
def test_an_attack_that_cannot_go_on_proves_nothing(pair: Pair, run: Callable[[Target], Result], says: str) -> None:
    done = attempt(pair, attack(run))
    assert (done.plain_verdict, done.hardened_verdict) == (Verdict.FAILED, Verdict.FAILED)
    assert not done.broke
    assert [one.says for one in done.plain[0].evidence] == [says]


def test_without_room_for_a_copy_of_the_disk_nothing_can_be_told(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise InputError("/tmp: has no room for a copy of the disk")

    monkeypatch.setattr(campaign.Pair, "target", full)
    (run,) = attempt(pair, attack()).hardened
    assert (run.result, run.evidence[0].says) == (None, "/tmp: has no room for a copy of the disk")


def test_each_attack_has_media_of_its_own(pair: Pair) -> None:
    seen: list[bytes] = []

    def look(one: Target) -> Result:
        seen.append(one.read("data", 4) + one.read_flash(2))
        one.write("data", b"mine")
        one.write_flash(b"!!")
        return WON

    attempt(pair, attack(look), rounds=2)
    assert seen == [bytes(4) + b"\xff\xff"] * 4


def test_both_devices_are_asked_the_same_and_share_what_is_made_for_them(pair: Pair) -> None:
    asked, works = [], []

    def look(one: Target) -> Result:
        asked.append(one.challenge)
        works.append(one.work)
        (one.work / "made").touch(exist_ok=not one.is_plain)
        return WON if one.is_plain else STOPPED

    assert attempt(pair, attack(look), rounds=2).proves
    assert (asked[0], asked[2]) == (asked[1], asked[3])
    assert asked[0] != asked[2]
    assert (works[0], works[2]) == (works[1], works[3])
    assert not any(work.exists() for work in works)


# --- all rounds -------------------------------------------------------------------------------------------------------

ROUNDS: tuple[tuple[tuple[Result | None, ...], Verdict, Verdict], ...] = (
    ((WON, WON), Verdict.SUCCEEDED, Verdict.FAILED),
    ((WON, STOPPED), Verdict.FAILED, Verdict.FAILED),
    ((WON, None), Verdict.FAILED, Verdict.FAILED),
    ((STOPPED, STOPPED), Verdict.FAILED, Verdict.STOPPED),
    ((STOPPED, DETECTED), Verdict.FAILED, Verdict.DETECTED),
    ((DETECTED, STOPPED), Verdict.FAILED, Verdict.DETECTED),
    ((DETECTED, DETECTED), Verdict.FAILED, Verdict.DETECTED),
    ((STOPPED, None), Verdict.FAILED, Verdict.FAILED),
    ((DETECTED, WON), Verdict.FAILED, Verdict.FAILED),
    ((None, None), Verdict.FAILED, Verdict.FAILED),
    ((), Verdict.FAILED, Verdict.FAILED),
)


@pytest.mark.parametrize(("results", "twin", "device"), ROUNDS)
def test_the_worst_of_all_rounds_counts(results: tuple[Result | None, ...], twin: Verdict, device: Verdict) -> None:
    runs = tuple(Run(one, 1.0, ()) for one in results)
    done = Attempt("x", runs, runs)
    assert (done.plain_verdict, done.hardened_verdict) == (twin, device)
    assert done.broke == (WON in results)
    assert done.is_stable == (len(set(results)) <= 1)


def test_each_round_is_played_anew(pair: Pair) -> None:
    rounds: Iterator[int] = count()

    def shaky(one: Target) -> Result:
        return WON if one.is_plain or next(rounds) == 1 else STOPPED

    done = attempt(pair, attack(shaky), rounds=3)
    assert [run.result for run in done.hardened] == [STOPPED, WON, STOPPED]
    assert done.hardened_verdict is Verdict.FAILED
    assert not done.is_stable


def test_a_worker_that_is_lost_proves_nothing() -> None:
    done = lost(attack(), "it was ended by signal 9")
    assert (done.plain_verdict, done.hardened_verdict) == (Verdict.FAILED, Verdict.FAILED)
    assert done.hardened[0].evidence[0].says == "it was ended by signal 9"


# --- before -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Kind.PLAIN, Kind.PROTECTED])
def test_a_device_that_nobody_attacks_is_started_first(pair: Pair, kind: Kind) -> None:
    found = baseline(pair, kind)
    assert found.problem is None
    assert 0 < found.seconds < LONG


@pytest.mark.parametrize(
    ("body", "within", "problem"),
    [
        ("sys.exit('it broke')", LONG, "qemu-system-aarch64 ended with 1: it broke"),
        ("tell(event='SHUTDOWN')", LONG, "the machine was switched off"),
        (WAIT, SHORT, "the device did not become healthy within 2 s"),
    ],
)
def test_a_device_that_does_not_serve_says_why(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, within: float, problem: str
) -> None:
    monkeypatch.setattr(campaign, "BASELINE", within)
    play(tmp_path / "programs", body)
    assert baseline(pair, Kind.PROTECTED).problem == problem


HEALTHY_BOTH = (Baseline(Kind.PLAIN, 9.0), Baseline(Kind.PROTECTED, 9.0))
MAKERS = Updates(Path("updates"), "camera", "qemu-arm64")
NO_CARD = "the board has no network card"
HINDERED: dict[str, tuple[dict[str, object], dict[str, object], str | None]] = {
    "nothing is missing": ({}, {}, None),
    "ports are called": ({"ports": (23,)}, {"card": None}, NO_CARD),
    "it comes over the network": ({"position": Position.NETWORK}, {"card": None}, NO_CARD),
    "it needs a card": ({"needs": (Need.NETWORK,)}, {"card": None}, NO_CARD),
    "a card is there": ({"ports": (23,), "position": Position.NETWORK, "needs": (Need.NETWORK,)}, {}, None),
    "no older build": ({"needs": (Need.OLDER,)}, {}, "it needs an older build of the same maker (--older)"),
    "an older build": ({"needs": (Need.OLDER,)}, {"older": Path("older")}, None),
    "an older build that is none": (
        {"needs": (Need.OLDER,)},
        {"older": Path("older"), "older_unfit": "another key signed it"},
        "the older build is of no use: another key signed it",
    ),
    "an unfit one is not needed": ({}, {"older": Path("older"), "older_unfit": "another key signed it"}, None),
    "no repositories": ({"needs": (Need.UPDATES,)}, {}, "it needs the maker's update repositories (--updates)"),
    "repositories": ({"needs": (Need.UPDATES,)}, {"updates": MAKERS}, None),
    "repositories that are none": (
        {"needs": (Need.UPDATES,)},
        {"updates": MAKERS, "updates_unfit": "nothing is newer"},
        "the update repositories are of no use: nothing is newer",
    ),
    "no stolen keys": (
        {"needs": (Need.ONLINE_KEYS,)},
        {"updates": MAKERS},
        "it needs the keys of the maker's update server (--online-keys)",
    ),
    "not hardened": ({"needs": (Need.BEFORE,)}, {}, "it needs the system as it was before it was hardened (--before)"),
    "hardened": ({"needs": (Need.BEFORE,)}, {"before": Path("root")}, None),
}


@pytest.mark.parametrize("case", HINDERED)
def test_what_cannot_be_tried_is_told_with_its_reason(
    out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    of_attack, of_pair, why = HINDERED[case]
    if "card" in of_pair:
        from firmward.lab.boards import qemu_arm64

        monkeypatch.setattr(qemu_arm64, "BOARD", replace(qemu_arm64.BOARD, network_card=None))
    others = {name: value for name, value in of_pair.items() if name != "card"}
    one = attack(**of_attack)
    found = tried(played_pair(out, tmp_path / "media", **others), (one,), HEALTHY_BOTH)
    assert found == (((one,), ()) if why is None else ((), (NotTried(one.id, why),)))


@pytest.mark.parametrize("kind", [Kind.PLAIN, Kind.PROTECTED])
def test_beside_a_device_that_does_not_serve_nothing_is_tried(pair: Pair, kind: Kind) -> None:
    sick = tuple(replace(one, problem="it is off") if one.kind is kind else one for one in HEALTHY_BOTH)
    can, cannot = tried(pair, (attack(), attack(id="other")), sick)
    assert can == ()
    assert [one.attack for one in cannot] == ["left-on-disk", "other"]
    assert cannot[0].why == f"{campaign.NAMES[kind]} does not start even without an attack: it is off"
