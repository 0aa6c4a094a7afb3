"""keys init, list, rotate, revoke and export-public, as who keeps a product's keys calls them."""

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import stores
from command import Firmward

from firmward.signing import stolen_key
from firmward.signing.key_store import KeyStore
from firmward.signing.role import Role
from firmward.signing.unlock import PASSPHRASE_VARIABLE, PIN_VARIABLE

GUIDE = Path(__file__).parents[2] / "docs/guides/stolen-key.md"


@pytest.fixture(autouse=True)
def secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file with the passphrase, which the environment names, and keys that are cheap to open."""
    path = stores.secret_file(tmp_path)
    monkeypatch.setenv(PASSPHRASE_VARIABLE, str(path))
    monkeypatch.delenv(PIN_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    with stores.cheaply():
        yield path


def listed(firmward: Firmward) -> dict[str, dict[str, object]]:
    record = json.loads(firmward("keys", "list", "--json").out)
    assert record["schema"] == "firmward.keys/1"
    return {str(key["name"]): key for key in record["keys"]}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_init_makes_a_key_for_every_role(firmward: Firmward) -> None:
    called = firmward("keys", "init", "--spare", "--threshold", "update-root=2")
    assert called.code == 0, called.err
    keys = listed(firmward)
    assert set(keys) == {f"{role}-1" for role in Role} | {"boot-2", "update-root-2"}
    assert {key["state"] for key in keys.values()} == {"active"}
    assert [name for name, key in keys.items() if key["spare"]] == ["boot-2"]
    assert keys["boot-1"]["algorithm"] == "rsa2048"
    assert f"keys/private/{keys['boot-2']['id']}.pem" in called.err
    assert stores.PASSPHRASE not in called.out + called.err


def test_init_again_changes_nothing(firmward: Firmward, tmp_path: Path) -> None:
    assert firmward("keys", "init", "fleet").code == 0
    before = contents(tmp_path)
    for words in (("init",), ("init", "fleet"), ("init", "fleet", "targets")):
        called = firmward("keys", *words)
        assert called.code == 2
        assert "nothing was changed" in called.err
    assert contents(tmp_path) == before
    assert firmward("keys", "init", "targets").code == 0
    assert set(listed(firmward)) == {"fleet-1", "targets-1"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("fleat",), "did you mean fleet"),
        (("--threshold", "root=2"), "did you mean rootfs or update-root or director-root?"),
        (("--threshold", "fleet=many"), "expected ROLE=N"),
        (("--threshold", "fleet=0"), "from 1 to"),
        (("--threshold", "boot=2"), "threshold of 1"),
        (("targets", "--threshold", "fleet=2"), "not among the roles"),
        (("targets", "--spare"), "not among the roles"),
        (("boot", "--algorithm", "ed25519"), "verifies with RSA"),
        (("fleet", "--algorithm", "rsa1024"), "no algorithm"),
        (("fleet", "--custody", "cloud"), "no custody"),
        (("fleet", "--custody", "pkcs11"), "needs --module"),
        (("--store", "none/keys"), "no folder none"),
        (("--passphrase-file", "none"), "none: cannot be read"),
    ],
)
def test_a_wrong_word_is_told_and_nothing_made(
    firmward: Firmward, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    called = firmward("keys", "init", *words)
    assert called.code == 2
    assert said in " ".join(called.err.split())
    assert [path.name for path in tmp_path.iterdir()] == ["passphrase"]


def test_a_dry_run_changes_nothing(firmward: Firmward, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PASSPHRASE_VARIABLE)  # nor does it ask
    called = firmward("keys", "init", "boot", "fleet", "--spare", "--dry-run")
    assert (called.code, list(tmp_path.iterdir())) == (0, [tmp_path / "passphrase"])
    assert "would make 2 keys for boot (rsa2048, file)" in called.out
    stores.make_store(tmp_path / "keys", Role.FLEET)
    before = contents(tmp_path)
    assert "retire fleet-1" in firmward("keys", "rotate", "fleet", "--dry-run").out
    assert "would be revoked" in firmward("keys", "revoke", "fleet-1", "--reason", "x", "--dry-run").out
    assert contents(tmp_path) == before


def test_without_a_terminal_and_a_file_it_is_said_how(firmward: Firmward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PASSPHRASE_VARIABLE)
    called = firmward("keys", "init", "fleet")
    assert called.code == 2
    assert "--passphrase-file" in called.err
    assert not Path("keys").exists()


def test_a_weak_passphrase_is_refused(firmward: Firmward, tmp_path: Path) -> None:
    called = firmward("keys", "init", "fleet", "--passphrase-file", stores.secret_file(tmp_path, "short", "weak"))
    assert called.code == 2
    assert "shorter than 12 characters" in called.err
    assert not Path("keys").exists()


def test_the_terminal_is_asked_twice_and_shows_nothing(tmp_path: Path) -> None:
    """The command itself, on a terminal of its own."""
    code = (
        "import stores, sys\nfrom firmward.signing import pkcs8\npkcs8.COST = stores.CHEAP\n"
        "from firmward.cli import main\nsys.argv = ['firmward', 'keys', 'init', 'fleet']\nmain.run()\n"
    )
    support = Path(stores.__file__).parent
    path = os.pathsep.join((str(support), *filter(None, sys.path)))
    env = {name: value for name, value in os.environ.items() if name != PASSPHRASE_VARIABLE}
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env={**env, "PYTHONPATH": path},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        shown = answered(ours, ["Passphrase of the new keys: ", "Again: "])
        assert process.wait(30) == 0, shown
    os.close(ours)
    assert "fleet-1" in shown
    assert stores.PASSPHRASE not in shown
    assert KeyStore.open(tmp_path / "keys").signers(Role.FLEET, stores.known())


def answered(terminal: int, questions: list[str]) -> str:
    """Type the passphrase behind each question, and give all that was shown."""
    shown = ""
    while True:
        try:
            data = os.read(terminal, 4096)
        except OSError:  # the other end is closed
            return shown
        if not data:
            return shown
        shown += data.decode()
        if questions and shown.endswith(questions[0]):
            questions.pop(0)
            os.write(terminal, f"{stores.PASSPHRASE}\n".encode())


def test_rotate_says_what_it_means_for_devices(firmward: Firmward, tmp_path: Path) -> None:
    stores.make_store(tmp_path / "keys", Role.FLEET, Role.UPDATE_ROOT)
    called = firmward("keys", "rotate", "fleet")
    assert called.code == 0
    assert called.out.startswith("fleet-2  ed25519  file  ")
    assert "fleet-1 is retired: devices whose image names it" in called.err
    keys = listed(firmward)
    assert (keys["fleet-1"]["state"], keys["fleet-2"]["state"]) == ("retired", "active")
    assert firmward("keys", "rotate", "targets").code == 2
    assert firmward("keys", "rotate", "fleet", "--algorithm", "rsa2048").code == 2
    assert firmward("keys", "rotate", "fleet", "--custody", "file", "--algorithm", "ecdsa-p256").code == 0
    assert listed(firmward)["fleet-3"]["algorithm"] == "ecdsa-p256"


def test_rotating_boot_without_its_spare_warns(firmward: Firmward, tmp_path: Path) -> None:
    stores.make_store(tmp_path / "keys", Role.BOOT)
    assert "without a spare" in firmward("keys", "list").out
    called = firmward("keys", "rotate", "boot")
    assert called.code == 0
    assert "boot-2 is in no boot loader yet" in called.err


def test_revoke_tells_the_next_steps(firmward: Firmward, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PASSPHRASE_VARIABLE)  # who notices a theft need not know it
    stores.make_store(tmp_path / "keys", Role.TARGETS)
    called = firmward("keys", "revoke", "targets-1", "--reason", "laptop stolen")
    assert called.code == 0
    steps = stolen_key.plan(Role.TARGETS)
    assert all(f"{number}. {step}" in called.out for number, step in enumerate(steps, 1))
    key = listed(firmward)["targets-1"]
    assert (key["state"], key["reason"], key["since"]) == ("revoked", "laptop stolen", "2026-11-20")
    assert firmward("keys", "revoke", "targets-1", "--reason", "again").code == 2


def test_export_gives_what_a_verifier_is_to_hold(firmward: Firmward, tmp_path: Path) -> None:
    store = stores.make_store(tmp_path / "keys", Role.FLEET)
    assert firmward("keys", "rotate", "fleet").code == 0
    old, new = ((store / f"public/fleet-{number}.pem").read_text() for number in (1, 2))
    assert firmward("keys", "export-public", "fleet").out == new
    assert firmward("keys", "export-public", "fleet-1").out == old
    assert firmward("keys", "export-public", "fleet", "-o", "fleet.pem").code == 0
    assert Path("fleet.pem").read_text() == new
    assert firmward("keys", "export-public", "boot").code == 2


def test_the_list_has_no_colour_in_a_pipe_and_hides_control_characters(firmward: Firmward, tmp_path: Path) -> None:
    store = stores.make_store(tmp_path / "keys", Role.FLEET)
    text = (store / "keys.toml").read_text()
    called = firmward("keys", "list")
    assert called.code == 0
    assert "\x1b" not in called.out
    assert "\x1b" in firmward("keys", "list", "--color", "always").out
    (store / "keys.toml").write_text(text.replace('state = "active"', 'state = "active"\nreason = "\\u001b[31mred"'))
    called = firmward("keys", "list")
    assert called.code == 2
    assert "\x1b" not in called.out + called.err


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"x" * (2 << 20), b"[" * 50_000])
def test_a_hostile_list_is_refused_without_a_traceback(firmward: Firmward, tmp_path: Path, content: bytes) -> None:
    store = stores.make_store(tmp_path / "keys", Role.FLEET)
    (store / "keys.toml").write_bytes(content)
    for words in (("list",), ("rotate", "fleet"), ("export-public", "fleet"), ("init",)):
        called = firmward("keys", *words)
        assert called.code == 2, called.err
        assert called.err.startswith("firmward: ")
        assert "Traceback" not in called.err


def test_a_private_file_for_all_to_read_stops_everything(firmward: Firmward, tmp_path: Path) -> None:
    store = stores.make_store(tmp_path / "keys", Role.FLEET)
    next((store / "private").iterdir()).chmod(0o644)
    for words in (("list",), ("rotate", "fleet"), ("revoke", "fleet-1", "--reason", "x"), ("init", "boot")):
        called = firmward("keys", *words)
        assert called.code == 2
        assert "others may read it (mode 0644)" in called.err


def sections() -> dict[str, list[list[str]]]:
    """The guide's commands by the heading that they stand under."""
    found: dict[str, list[list[str]]] = {}
    for heading, body in re.findall(r"^#+ (.*?)\n(.*?)(?=^#|\Z)", GUIDE.read_text(), re.MULTILINE | re.DOTALL):
        blocks = re.findall(r"^```\n(.*?)^```", body, re.MULTILINE | re.DOTALL)
        lines = [line for block in blocks for line in block.splitlines()]
        found[heading] = [re.findall(r'"[^"]*"|\S+', line) for line in lines]
    return found


@pytest.mark.parametrize("role", Role)
def test_the_plan_for_a_stolen_key_ends_with_a_new_one_that_signs(
    firmward: Firmward, tmp_path: Path, role: Role
) -> None:
    roles = [stores.changes.NewRole(role, threshold=2 if role is Role.UPDATE_ROOT else 1, spare=role is Role.BOOT)]
    store = stores.make_store(tmp_path / "keys", *roles)
    before = KeyStore.open(store)
    stolen = before.find(f"{role}-1")
    commands = sections()[str(role)]
    assert len(commands) >= 2
    for words in commands:
        assert words[:2] == ["firmward", "keys"], words
        called = firmward(*(word.strip('"') for word in words[1:]))
        assert called.code == 0, (words, called.err)
    after = KeyStore.open(store)
    assert after.find(f"{role}-1").state == "revoked"
    assert stolen.id not in [key.id for key in after.signers(role, stores.known())]
    assert before.public_of(stolen) not in after.public(role)
    if role is Role.BOOT:  # devices in the field hold the key that signs from now on, and a new spare is there
        assert after.signers(role, stores.known())[0].public in before.public(role)
        assert after.spare(role) is not None


def test_the_guide_tells_what_cannot_be_cured() -> None:
    text = " ".join(GUIDE.read_text().split())
    for words in ("without a spare", "burnt into fuses", "update-root keys as the threshold", "What was signed before"):
        assert words in text


def test_each_step_of_the_plan_names_commands_that_there_are(firmward: Firmward, tmp_path: Path) -> None:
    stores.make_store(tmp_path / "keys", stores.changes.NewRole(Role.BOOT, spare=True), *(set(Role) - {Role.BOOT}))
    for role in Role:
        for command in re.findall(r"`firmward (keys [^`]*)`", " ".join(stolen_key.plan(role))):
            assert firmward(*command.split()).code == 0, command


@pytest.mark.parametrize("verb", ["init", "list", "rotate", "revoke", "export-public"])
def test_help_has_examples_that_fit_on_a_line(firmward: Firmward, verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    told = firmward("keys", verb, "--help").out
    assert "Examples" in told
    assert "Exit codes" in told
    assert max(map(len, told.split("\n"))) <= 80
    examples = [line for line in told.split("\n") if line.strip(" │").startswith("firmward keys")]
    assert examples
