"""Real builds under real attacks: what succeeds on the unprotected twin has to fail on the device.

The attacks are started by the command, as a maker would. A few of them against the clean camera are an ordinary test;
all of them against the camera that was found with its mistakes and hardened take longer: `make attack`.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attacked import Maker
from jsonschema import Draft202012Validator
from locked_board import MISSING
from real.roots import NoPackagesError

import firmward
from firmward.lab.attacks import attacks
from firmward.lab.proof.json_proof import schema_document

PROJECT = Path(__file__).parents[2]
PROOF = PROJECT / "build" / "proof"
FEW = ("prompt-by-key-spam", "fit-unsigned", "environment-rewrite")
"""By hand, by a kernel, and by what the boot loader goes by."""
WHOLE_SECONDS = 7200
"""In which all have to end on the slowest machine; on two cores a quarter of an hour is meant."""

pytestmark = [pytest.mark.skipif(bool(MISSING), reason=f"{MISSING} missing"), pytest.mark.timeout(WHOLE_SECONDS)]


@pytest.fixture
def clean(tmp_path: Path) -> Iterator[Path]:
    made = Maker(tmp_path / "maker")
    try:
        yield made.build
    except NoPackagesError as reason:
        pytest.skip(f"Debian's archive is out of reach: {reason}")
    finally:
        shutil.rmtree(tmp_path / "maker", ignore_errors=True)


def attacked(folder: Path, *words: object) -> Any:
    """What the command writes; the exit code has to fit it."""
    code = "from firmward.cli.main import run; run()"
    environment = {**os.environ, "PYTHONPATH": str(Path(firmward.__file__).parents[1])}
    command = [sys.executable, "-c", code, "lab", "attack", *map(str, words), "-o", str(folder / "proof.json")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=WHOLE_SECONDS)
    sys.stdout.write(done.stdout + done.stderr)
    assert done.returncode in (0, 1), done.stderr
    document = json.loads((folder / "proof.json").read_text())
    Draft202012Validator(schema_document()).validate(document)
    assert done.returncode == (0 if document["holds"] and not document["not_tried"] else 1)
    return document


def verdicts(document: Any) -> dict[str, tuple[str, str]]:
    return {one["id"]: (one["plain"], one["hardened"]) for one in document["attacks"]}


def test_a_few_attacks_succeed_on_the_twin_alone(clean: Path, tmp_path: Path) -> None:
    ids = [id_ for id_ in FEW if id_ in attacks()]
    found = attacked(tmp_path, clean, *(word for id_ in ids for word in ("--only", id_)))
    assert [found["devices"][name]["problem"] for name in ("plain", "hardened")] == [None, None]
    assert sorted(verdicts(found)) == sorted(ids)
    assert {one[0] for one in verdicts(found).values()} == {"succeeded"}
    assert {one[1] for one in verdicts(found).values()} <= {"stopped", "detected"}
    assert (found["not_tried"], found["contradicted"]) == ([], [])


@pytest.mark.proof
@pytest.mark.skipif(not (PROOF / "proof.json").is_file(), reason="`make attack` attacks the device")
def test_every_attack_succeeds_on_the_twin_and_is_stopped_or_detected_on_the_device() -> None:
    """As `make proof` has just seen it: the attacks are not run twice."""
    found = json.loads((PROOF / "proof.json").read_text())
    Draft202012Validator(schema_document()).validate(found)
    built = hashlib.sha256((PROOF / "signed" / "build.json").read_bytes()).hexdigest()
    assert found["build"] == built, "run `make attack`: the proof is of another build"
    sys.stdout.write(f"all attacks took {found['seconds']:.0f} s\n")
    poor = {
        id_: both
        for id_, both in verdicts(found).items()
        if both[0] != "succeeded" or both[1] not in ("stopped", "detected")
    }
    assert poor == {}
    assert found["not_tried"] == []
    assert sorted(verdicts(found)) == sorted(attacks())
    assert (found["contradicted"], found["gaps"], found["misdrawn"]) == ([], [], [])
