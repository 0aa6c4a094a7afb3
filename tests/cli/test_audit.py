"""The main job as a user meets it: outputs, exit codes, errors, and nothing half-written."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command import Firmward
from truth.key_material import RSA_KEY

from firmward.facts import contents
from firmward.model.tree import Tree
from firmward.model.words import WordSearch

SECRETS = ("Z" * 22, "Tr0ub4dor-community")
OUTPUTS = ("report.html", "report.json", "report.sarif", "report.md")


def test_findings_alone_do_not_fail(firmward: Firmward, root: Path) -> None:
    called = firmward("audit", root)
    assert called.code == 0
    assert "telnet-enabled" in called.out


@pytest.mark.parametrize(("level", "code"), [("critical", 1), ("high", 1), ("info", 1)])
def test_fail_on_gives_1(firmward: Firmward, root: Path, level: str, code: int) -> None:
    assert firmward("audit", root, "--fail-on", level).code == code


def test_fail_on_looks_at_what_was_judged_only(firmward: Firmward, root: Path) -> None:
    assert firmward("audit", root, "--only", "ssh-root-login", "--fail-on", "info").code == 0


def test_what_cannot_be_judged_at_all_is_no_pass(firmward: Firmward, tmp_path: Path) -> None:
    (tmp_path / "image.bin").write_bytes(bytes(range(256)) * 40)
    called = firmward("audit", tmp_path / "image.bin", "--fail-on", "high")
    assert called.code == 3
    assert "No verdict" in called.out


def test_every_output_is_written_and_shows_no_secret(firmward: Firmward, root: Path, tmp_path: Path) -> None:
    outputs = [tmp_path / name for name in OUTPUTS]
    called = firmward("audit", root, *(word for path in outputs for word in ("-o", path)))
    texts = [called.out, called.err, *(path.read_text(encoding="utf-8") for path in outputs)]
    for text in texts:
        for secret in SECRETS:
            assert secret not in text
    assert all("telnet-enabled" in text for text in texts[2:])


def test_the_same_bytes_give_the_same_report(firmward: Firmward, root: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        firmward("audit", root, "-q", *(word for output in OUTPUTS for word in ("-o", tmp_path / name / output)))
    for output in OUTPUTS:
        assert (tmp_path / "one" / output).read_bytes() == (tmp_path / "two" / output).read_bytes()


WRONG = [
    (("audit",), "give an image or a folder"),
    (("audit", "nowhere.img"), "nowhere.img"),
    (("audit", "/dev/null"), "/dev/null"),
    (("audit", "{root}", "-o", "report.pdf"), "report.pdf"),
    (("audit", "{root}", "-o", "nowhere/report.json"), "nowhere"),
    (("audit", "{root}", "--only", "telnet-enable"), "did you mean telnet-enabled"),
    (("audit", "{root}", "--policy", "nowhere.toml"), "nowhere.toml"),
    (("audit", "{root}", "--fail-on", "hihg"), "hihg"),
    (("explain", "ssh-root-logn"), "did you mean ssh-root-login"),
]


@pytest.mark.parametrize(("words", "message"), WRONG)
def test_what_is_wrong_gives_2_and_says_what(
    firmward: Firmward,
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    called = firmward(*(word.format(root=root) for word in words))
    assert called.code == 2
    assert message in called.err
    assert "Traceback" not in called.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rootfs"]


def test_an_accepted_risk_is_shown_and_does_not_fail(firmward: Firmward, root: Path, tmp_path: Path) -> None:
    policy = tmp_path / "device.toml"
    policy.write_text(
        "[[accepted]]\ncheck = 'telnet-enabled'\nreason = 'lab'\nowner = 'me'\nexpires = 2099-01-01\n", encoding="utf-8"
    )
    words = ("audit", root, "-p", policy, "--only", "telnet-enabled", "--fail-on", "low", "-o", tmp_path / "r.json")
    assert firmward(*words).code == 0
    assert {finding["outcome"] for finding in json.loads((tmp_path / "r.json").read_text())["findings"]} == {"accepted"}
    policy.write_text(policy.read_text(encoding="utf-8").replace("2099", "2020"), encoding="utf-8")
    assert firmward(*words).code == 1


def test_a_budget_that_runs_out_gives_3(firmward: Firmward, tmp_path: Path) -> None:
    bomb = tmp_path / "zeros.gz"
    subprocess.run(f"head -c 3M /dev/zero | gzip > {bomb}", shell=True, check=True)
    called = firmward("audit", bomb, "--budget-mib", "1")
    assert called.code == 3
    assert "Traceback" not in called.err


def test_an_image_that_cannot_be_read_passes_nothing(firmward: Firmward, tmp_path: Path) -> None:
    image = tmp_path / "noise.bin"
    image.write_bytes(os.urandom(100_000))
    firmward("audit", image, "-q", "-o", tmp_path / "r.json")
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["coverage"]["judged"] == 0
    assert {check["outcome"] for check in report["checks"]} == {"unknown"}


def test_interrupted_it_leaves_nothing(root: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    output.mkdir()
    # an interrupt at the worst moment: while the report is being written
    script = (
        "import os, signal, sys\n"
        "from firmward.audit import writing\n"
        "from firmward.cli.main import run\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # which a background job inherits as ignored
        "real = os.replace\n"
        "def slow(*words):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    real(*words)\n"
        "os.replace = slow\n"
        f"sys.argv = ['firmward', 'audit', {str(root)!r}, '-o', {str(output / 'r.html')!r}]\n"
        "run()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 130
    assert "Traceback" not in done.stderr
    assert list(output.iterdir()) == []


def test_a_closed_pipe_is_no_crash(root: Path) -> None:
    audit = subprocess.Popen(
        [sys.executable, "-m", "firmward", "audit", str(root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert audit.stdout is not None
    assert audit.stderr is not None
    audit.stdout.close()
    errors = audit.stderr.read()
    audit.stderr.close()
    assert audit.wait(60) != -signal.SIGPIPE
    assert "Traceback" not in errors


@pytest.mark.proof
def test_the_running_machine_is_audited(firmward: Firmward, tmp_path: Path) -> None:
    called = firmward("audit", "--live", "-q", "--only", "undeclared-listener", "-o", tmp_path / "live.json")
    assert called.code in (0, 3)
    assert json.loads((tmp_path / "live.json").read_text())["subject"]["source"] == "live"


def test_a_root_is_audited_as_that_of_a_running_machine(firmward: Firmward, root: Path, tmp_path: Path) -> None:
    called = firmward("audit", "--live", root, "-q", "--only", "telnet-enabled", "-o", tmp_path / "live.json")
    report = json.loads((tmp_path / "live.json").read_text())
    assert (called.code, report["subject"]["source"]) == (0, "live")
    assert [one["check"] for one in report["findings"]] == ["telnet-enabled"]


def test_processes_beside_make_no_difference(firmward: Firmward, root: Path, tmp_path: Path) -> None:
    (root / "etc/server.pem").write_text(RSA_KEY)
    reports = [tmp_path / f"{jobs}.json" for jobs in (1, 4)]
    for jobs, report in zip((1, 4), reports, strict=True):
        firmward("audit", root, "--jobs", jobs, "-o", report)
    assert reports[0].read_bytes() == reports[1].read_bytes()
    assert b"private-key-embedded" in reports[0].read_bytes()


def test_what_reads_every_file_may_be_killed_and_costs_its_own_checks(
    firmward: Firmward, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def collect(tree: Tree, words: WordSearch) -> contents.Contents | None:
        os.kill(os.getpid(), signal.SIGKILL)
        return None

    monkeypatch.setattr(contents, "collect", collect)
    firmward("audit", root, "--jobs", 2, "-o", tmp_path / "report.json")
    verdicts = {one["check"]: one for one in json.loads((tmp_path / "report.json").read_text())["checks"]}
    assert verdicts["telnet-enabled"]["outcome"] == "fail"
    assert verdicts["private-key-embedded"]["outcome"] == "unknown"
    assert "ended by signal 9" in verdicts["private-key-embedded"]["reason"]
