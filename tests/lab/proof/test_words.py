"""A proof in words: the headline says what was proved and never more."""

import re
from dataclasses import replace

import pytest
from proof_sample import ATTACKS, SAMPLES, WON, attempt, bad, cut_short, good, nothing_tried, proof

from firmward.audit.summary import Tone
from firmward.lab.attacks import Result
from firmward.lab.campaign import NotTried
from firmward.lab.proof import words
from firmward.lab.proof.record import Proof
from firmward.lab.proof.words import Outcome

STOPPED, DETECTED, UNTOLD = (Result.STOPPED,), (Result.DETECTED,), (None,)
Results = tuple[Result | None, ...]


def of(*results: tuple[Results, Results]) -> Proof:
    return proof(*(attempt(id_, *both) for id_, both in zip(ATTACKS, results, strict=False)))


HEADLINES: tuple[tuple[tuple[tuple[Results, Results], ...], str, Tone], ...] = (
    ((), "Nothing was proved: no attack was tried", Tone.BLIND),
    (((WON, STOPPED),), "1 attack succeeds on the unprotected twin; the device stops it", Tone.GOOD),
    (((WON, DETECTED),), "1 attack succeeds on the unprotected twin; the device detects it", Tone.GOOD),
    (((WON, STOPPED),) * 3, "3 attacks succeed on the unprotected twin; the device stops all of them", Tone.GOOD),
    (((WON, DETECTED),) * 3, "3 attacks succeed on the unprotected twin; the device detects all of them", Tone.GOOD),
    (
        ((WON, STOPPED), (WON, DETECTED), (WON, STOPPED)),
        "3 attacks succeed on the unprotected twin; the device stops 2 and detects 1",
        Tone.GOOD,
    ),
    (((WON, STOPPED), (WON, WON)), "The device does not hold: 1 of 2 attacks succeeds on it", Tone.BAD),
    (((WON, UNTOLD), (WON, WON)), "The device does not hold: 1 of 2 attacks succeeds on it", Tone.BAD),
    (((STOPPED, WON),), "The device does not hold: 1 of 1 attack succeeds on it", Tone.BAD),
    (((WON, WON),) * 2, "The device does not hold: 2 of 2 attacks succeed on it", Tone.BAD),
    (
        ((WON, STOPPED), (WON, UNTOLD)),
        "Not proved: of 1 of 2 attacks nothing could be told on the device",
        Tone.BLIND,
    ),
    (
        ((WON, STOPPED), (STOPPED, STOPPED)),
        "Not proved: 1 of 2 attacks did not succeed on the unprotected twin",
        Tone.FAIR,
    ),
)


@pytest.mark.parametrize(("results", "headline", "tone"), HEADLINES)
def test_the_headline_says_what_was_proved(
    results: tuple[tuple[Results, Results], ...], headline: str, tone: Tone
) -> None:
    found = of(*results)
    assert words.headline(found) == headline
    assert words.tone(found) is tone


def test_what_was_not_tried_is_no_good_news() -> None:
    left = proof(attempt("fit-unsigned", WON, STOPPED), not_tried=(NotTried("fit-byte-flip", "it needs a key"),))
    assert words.tone(left) is Tone.FAIR
    assert "1 attack was not tried." in list(words.remarks(left))


def test_the_audits_warnings_are_told() -> None:
    assert list(words.remarks(good())) == ["The audit of the twin had warned of every one of them."]
    assert "The audit of the twin had warned of 1 of the 4 that succeed there." in list(words.remarks(bad()))


def test_all_that_went_wrong_is_told() -> None:
    assert list(words.remarks(bad())) == [
        "It was interrupted.",
        "4 of 6 attacks succeed on the twin; "
        "the device stops 2, detects 1, falls to 1, and of 2 nothing could be told.",
        "2 attacks were not tried.",
        "The audit of the twin had warned of 1 of the 4 that succeed there.",
        "2 attacks did not come to the same in all 2 rounds; the worst counts.",
    ]
    assert list(words.contradictions(bad())) == [
        "The audit calls this link verified: Kernel. fit-unsigned breaks it: a defect of firmward's own, report it."
    ]


@pytest.mark.parametrize(
    ("results", "on_twin", "on_device"),
    [
        (WON, Outcome.SUCCEEDED, Outcome.SUCCEEDED),
        ((*WON, *STOPPED), Outcome.STOPPED, Outcome.SUCCEEDED),
        ((*WON, None), Outcome.UNTOLD, Outcome.SUCCEEDED),
        ((*STOPPED, *DETECTED), Outcome.STOPPED, Outcome.DETECTED),
        ((*STOPPED, None), Outcome.STOPPED, Outcome.UNTOLD),
        ((), Outcome.UNTOLD, Outcome.UNTOLD),
    ],
)
def test_on_either_device_the_round_counts_that_proves_least(
    results: Results, on_twin: Outcome, on_device: Outcome
) -> None:
    done = attempt("fit-unsigned", results, results)
    assert (words.on_twin(done), words.on_device(done)) == (on_twin, on_device)


def test_why_it_does_not_prove_is_the_last_that_was_seen() -> None:
    assert list(words.reasons(attempt("fit-unsigned", WON, STOPPED, "all is well"))) == []
    assert list(words.reasons(attempt("fit-unsigned", UNTOLD, WON, "this was seen"))) == [
        "twin: this was seen",
        "device: this was seen",
    ]


@pytest.mark.parametrize(("seconds", "said"), [(0.4, "0 s"), (99, "99 s"), (120, "2 min"), (754.6, "12 min 35 s")])
def test_time_as_people_say_it(seconds: float, said: str) -> None:
    assert words.duration(seconds) == said


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_remark_is_a_sentence(sample: str) -> None:
    found = SAMPLES[sample]()
    said = [*words.remarks(found), *words.doubts(found), *words.contradictions(found), *words.limits(found)]
    assert all(re.match(r"[A-Z0-9]", one) and one.endswith(".") for one in said)
    assert not words.headline(found).endswith(".")


def test_how_both_start_is_told() -> None:
    assert list(words.starts(good())) == [
        "the unprotected twin is healthy 10.1 s after power on",
        "the device is healthy 11.9 s after power on",
    ]
    assert next(words.starts(nothing_tried())) == "the unprotected twin does not serve: the machine was switched off"
    assert list(words.starts(cut_short()))[1] == "the device was not started"


def test_the_command_can_be_given_again() -> None:
    assert words.command(good()) == "firmward lab attack OUT --before ROOT -o proof.html -o proof.json -o proof.md"
    assert "--rounds 2" in words.command(bad())
    updated = replace(good(), setting=replace(good().setting, has_updates=True))
    assert "--updates UPDATES --online-keys STORE" in words.command(updated)
