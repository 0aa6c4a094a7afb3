"""The report for programs: schema `firmward.lab-update/1`."""

import json
from dataclasses import asdict

from firmward.lab.updating import words
from firmward.lab.updating.report import Report, Round
from firmward.lab.updating.rounds import Last
from firmward.lab.updating.seen import Ran, Start

SCHEMA = "firmward.lab-update/1"
JsonObject = dict[str, object]


def to_json(report: Report) -> str:
    return json.dumps(record(report), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def record(report: Report) -> JsonObject:
    setting, offered = report.setting, report.offered
    return {
        "schema": SCHEMA,
        "tool": {"name": "firmward", "version": setting.tool},
        "product": setting.product,
        "version": setting.version,
        "board": setting.board,
        "machine": setting.machine,
        "build": setting.build,
        "day": setting.day,
        "way": setting.way,
        "seed": setting.seed,
        "expected": setting.expected.name.lower(),
        "offered": {"version": offered.version, "size": offered.size, "least": offered.least},
        "headline": words.headline(report),
        "holds": report.holds,
        "interrupted": report.interrupted,
        "cuts": report.cuts,
        "taken": sum(one.taken for one in report.rounds),
        "problems": list(report.problems()),
        "rounds": [_round(report, one) for one in report.rounds],
        "last": None if report.last is None else _last(report.last),
    }


def _round(report: Report, one: Round) -> JsonObject:
    return {
        "number": one.begun.number,
        "slots": dict(one.begun.slots),
        "ending": None if one.ending is None else one.ending.name.lower(),
        "seconds": round(one.seconds, 1),
        "taken": one.taken,
        "sources": list(words.kinds(report.offered, one)),
        "starts": [_start(start) for start in one.starts],
    }


def _start(one: Start) -> JsonObject:
    moment = one.moment
    drawn = None if moment is None else {"stretch": moment.stretch.value, "part": round(moment.part, 4)}
    return {
        "ending": one.ending.name.lower(),
        "seconds": round(one.seconds, 2),
        "cut": drawn,
        "during": one.during.value,
        "ran": [_ran(ran) for ran in one.ran],
        "slots": dict(one.slots),
        "taken": one.taken,
        "asked": len(one.paths),
        "again": one.again,
        "since": {stretch.value: round(at, 2) for stretch, at in (one.since or {}).items()},
    }


def _ran(one: Ran) -> JsonObject:
    return {**asdict(one), "at": round(one.at, 2)}


def _last(one: Last) -> JsonObject:
    return {
        "ran": None if one.ran is None else _ran(one.ran),
        "good": one.good,
        "answers": [asdict(answer) for answer in one.answers],
    }
