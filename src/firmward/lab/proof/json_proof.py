"""The proof for programs: schema `firmward.proof/1`."""

import json
from collections.abc import Iterable

from firmward.lab.campaign import Attempt, Run
from firmward.lab.device import Kind
from firmward.lab.proof.record import SCHEMA, Audited, Proof

NAMES = {Kind.PLAIN: "plain", Kind.PROTECTED: "hardened"}


def to_json(proof: Proof) -> str:
    return json.dumps(record(proof), indent=2) + "\n"


def record(proof: Proof) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "product": proof.product,
        "version": proof.version,
        "board": proof.board,
        "day": proof.day,
        "seconds": round(proof.seconds, 1),
        "rounds": proof.rounds,
        "holds": proof.holds,
        "interrupted": proof.is_interrupted,
        "devices": {name: _device(proof, kind) for kind, name in NAMES.items()},
        "attacks": [_attempt(proof, one) for one in proof.attempts],
        "not_tried": [{"id": one.attack, "why": one.why} for one in proof.not_tried],
        "contradicted": [one.attack for one in proof.contradicted()],
        "gaps": [one.attack for one in proof.gaps()],
    }


def _device(proof: Proof, kind: Kind) -> dict[str, object]:
    baseline = next((one for one in proof.baselines if one.kind is kind), None)
    return {
        "healthy": baseline is not None and baseline.problem is None,
        "seconds": None if baseline is None else round(baseline.seconds, 1),
        "problem": None if baseline is None else baseline.problem,
        "chain": _chain(proof.audited[kind]),
    }


def _chain(audited: Audited) -> list[dict[str, object]]:
    return [{"link": one.link, "state": one.state.value, "by": one.by} for one in audited.chain]


def _attempt(proof: Proof, one: Attempt) -> dict[str, object]:
    attack = proof.attacks[one.attack]
    said = proof.audited[Kind.PLAIN].checks
    return {
        "id": attack.id,
        "title": attack.title,
        "does": attack.does,
        "position": attack.position.value,
        "link": attack.link,
        "case": attack.case,
        "board": proof.board,
        "plain": one.plain_verdict.value,
        "hardened": one.hardened_verdict.value,
        "within": attack.within,
        "seconds": round(one.seconds, 1),
        "stable": one.is_stable,
        "foretold": [{"check": check, "said": check in said} for check in attack.foretold],
        "evidence": {"plain": _runs(one.plain), "hardened": _runs(one.hardened)},
    }


def _runs(runs: Iterable[Run]) -> list[dict[str, object]]:
    """By round."""
    return [
        {
            "result": "unknown" if run.result is None else run.result.value,
            "seconds": run.seconds,
            "seen": [{"at": one.at, "witness": one.witness.value, "says": one.says} for one in run.evidence],
        }
        for run in runs
    ]
