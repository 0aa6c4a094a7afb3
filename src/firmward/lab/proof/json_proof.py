"""The proof for programs: schema `firmward.proof/1`, which `proof.schema.json` beside this file describes."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from importlib.resources import files
from typing import cast

from firmward.lab.campaign import Attempt, Run
from firmward.lab.device import Kind
from firmward.lab.proof import words
from firmward.lab.proof.record import SCHEMA, Audited, Proof

JsonObject = dict[str, object]

NAMES = {Kind.PLAIN: "plain", Kind.PROTECTED: "hardened"}


def to_json(proof: Proof) -> str:
    return json.dumps(record(proof), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def schema_document() -> JsonObject:
    """The JSON schema that every proof keeps."""
    text = files("firmward.lab.proof").joinpath("proof.schema.json").read_text(encoding="utf-8")
    return cast(JsonObject, json.loads(text))


def record(proof: Proof) -> JsonObject:
    setting = proof.setting
    return {
        "schema": SCHEMA,
        "tool": {"name": "firmward", "version": setting.tool},
        "product": setting.product,
        "version": setting.version,
        "board": setting.board,
        "machine": setting.machine,
        "build": setting.build,
        "before": setting.has_before,
        "older": setting.older,
        "day": setting.day,
        "seconds": round(proof.seconds, 1),
        "rounds": setting.rounds,
        "jobs": setting.jobs,
        "headline": words.headline(proof),
        "holds": proof.holds,
        "interrupted": proof.is_interrupted,
        "tally": asdict(words.tally(proof)),
        "devices": {name: _device(proof, kind) for kind, name in NAMES.items()},
        "attacks": [_attempt(proof, one) for one in proof.attempts],
        "not_tried": [{"id": one.attack, "why": one.why} for one in proof.not_tried],
        "contradicted": [one.attack for one in proof.contradicted()],
        "gaps": [one.attack for one in proof.gaps()],
        "misdrawn": [one.attack for one in proof.misdrawn()],
    }


def _device(proof: Proof, kind: Kind) -> JsonObject:
    started = proof.baseline(kind)
    return {
        "healthy": started is not None and started.problem is None,
        "seconds": None if started is None else round(started.seconds, 1),
        "problem": None if started is None else started.problem,
        "chain": _chain(proof.audited[kind]),
    }


def _chain(audited: Audited) -> list[JsonObject]:
    return [{"link": one.link, "state": one.state.value, "by": one.by} for one in audited.chain]


def _attempt(proof: Proof, one: Attempt) -> JsonObject:
    attack = proof.attacks[one.attack]
    said = proof.audited[Kind.PLAIN].checks
    return {
        "id": attack.id,
        "title": attack.title,
        "does": attack.does,
        "position": attack.position.value,
        "link": attack.link,
        "case": attack.case,
        "board": proof.setting.board,
        "plain": one.plain_verdict.value,
        "hardened": one.hardened_verdict.value,
        "within": attack.within,
        "seconds": round(one.seconds, 1),
        "stable": one.is_stable,
        "foretold": [{"check": check, "said": check in said} for check in attack.foretold],
        "evidence": {"plain": _runs(one.plain), "hardened": _runs(one.hardened)},
    }


def _runs(runs: Iterable[Run]) -> list[JsonObject]:
    """By round."""
    return [
        {
            "result": "unknown" if run.result is None else run.result.value,
            "seconds": run.seconds,
            "seen": [{"at": one.at, "witness": one.witness.value, "says": one.says} for one in run.evidence],
        }
        for run in runs
    ]
