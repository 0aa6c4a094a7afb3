"""firmward release, as those call it who make, sign and publish."""

import json
import random
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import stores
from ceremony import STABLE, Ceremony, begun
from command import Firmward
from released_build import signed_build

from firmward.signing.role import Role
from firmward.signing.tuf_repository import channel, existing
from firmward.signing.unlock import PASSPHRASE_VARIABLE

GUIDE = Path(__file__).parents[2] / "docs/guides/release.md"
VERBS = ("root", "delegate", "new", "sign", "publish", "promote", "director", "withdraw", "renew", "verify")


@pytest.fixture(autouse=True)
def secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = stores.secret_file(tmp_path)
    monkeypatch.setenv(PASSPHRASE_VARIABLE, str(path))
    monkeypatch.chdir(tmp_path)
    with stores.cheaply():
        yield path


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """A root with hardly anything in it, so that it is audited at once."""
    root = tmp_path / "root"
    files = {
        "etc/passwd": "root:x:0:0::/root:/bin/sh\n",
        "etc/inittab": "::sysinit:/etc/init.d/rcS\n",
        "bin/busybox": "\x7fELF",
    }
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, encoding="latin-1")
    (root / "bin/busybox").chmod(0o755)
    (root / "sbin").mkdir()
    (root / "sbin/init").symlink_to("../bin/busybox")
    return root


def worsened(root: Path) -> None:
    """A telnet daemon joins the system."""
    (root / "usr/sbin").mkdir(parents=True)
    (root / "usr/sbin/telnetd").write_bytes(b"\x7fELF")
    (root / "usr/sbin/telnetd").chmod(0o755)
    with (root / "etc/inittab").open("a") as file:
        file.write("::respawn:/usr/sbin/telnetd -F\n")


def guide_commands() -> list[list[str]]:
    blocks = re.findall(r"^```\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [[word.strip('"') for word in re.findall(r'"[^"]*"|\S+', line)] for line in lines]


def test_the_guide_goes_from_an_empty_folder_over_three_thefts_to_a_repository_that_holds(
    firmward: Firmward, tmp_path: Path, system: Path
) -> None:
    signed_build(tmp_path / "out", stores.make_store(tmp_path / "keys", Role.ROOTFS), system, "1.0")
    commands = guide_commands()
    assert {words[2] for words in commands if words[1] == "release"} == set(VERBS)
    told = ""
    for words in commands:
        assert words[0] == "firmward"
        called = firmward(*words[1:])
        assert called.code == 0, (words, called.out, called.err)
        told = called.out
    assert "✓ signatures, dates" in told
    assert "camera beta: 1.0 for qemu-arm64" in told
    assert "camera stable" not in told  # it was withdrawn, and there was none before it
    state = existing(tmp_path / "repository")
    assert state.root.signed.version == 2
    manifest = state.manifest("camera/beta/qemu-arm64.json", state.of_channel(channel("camera", "beta")).signed)
    assert manifest is not None
    assert [one.kind for one in manifest.documents] == ["build", "facts", "policy", "report", "sbom", "vex"]
    assert (manifest.support_until, manifest.layout, manifest.verity is not None) == ("2031-06-30", "verity", True)
    report = next(one.blob for one in manifest.documents if one.kind == "report")
    assert json.loads((tmp_path / "repository/targets/blobs" / report.sha256).read_text())["schema"] == (
        "firmward.report/1"
    )


@pytest.fixture
def ready(tmp_path: Path) -> Ceremony:
    """A repository in which camera has a channel stable; the office has its build's keys too."""
    one = begun(tmp_path)
    stores.make_store(tmp_path / "keys", Role.ROOTFS)
    return one


def new(firmward: Firmward, build: str, *words: str) -> tuple[int, str]:
    shutil.rmtree("draft", ignore_errors=True)
    called = firmward("release", "new", build, "--channel", "stable", "-o", "draft", *words)
    return called.code, " ".join((called.out + called.err).split())


def published(firmward: Firmward) -> None:
    assert firmward("release", "sign", "draft", "--store", "office").code == 0
    called = firmward("release", "publish", "draft", "--store", "server")
    assert called.code == 0, called.err


@pytest.mark.proof  # five audits
def test_what_is_worse_than_before_stops_a_release_until_somebody_answers_for_it(
    firmward: Firmward, ready: Ceremony, system: Path
) -> None:
    signed_build(ready.folder / "out", ready.folder / "keys", system, "1.0")
    assert new(firmward, "out")[0] == 0
    published(firmward)
    worsened(system)
    signed_build(ready.folder / "out2", ready.folder / "keys", system, "1.1", 1)
    code, told = new(firmward, "out2")
    assert code == 1
    assert "telnet-enabled[tcp/23]: critical, new: inittab starts telnetd on port 23" in told
    assert not Path("draft").exists()
    worse = re.findall(r"(\S+\[[^]]*\]): (?:critical|high|medium|low|info),", told)
    accepted = [word for name in worse for word in ("--accept", f"{name}=the installers need it")]
    assert new(firmward, "out2", *accepted[:-2], "--owner", "J. Roe")[0] == 1  # all but one
    code, told = new(firmward, "out2", *accepted, "--owner", "J. Roe")
    assert code == 0, told
    assert "accepts telnet-enabled[tcp/23]: the installers need it (J. Roe)" in told
    published(firmward)
    # who follows it inherits what was accepted, and is stopped by nothing
    signed_build(ready.folder / "out3", ready.folder / "keys", system, "1.2", 1)
    code, told = new(firmward, "out3")
    assert (code, "accepts telnet-enabled[tcp/23]" in told) == (0, True)


def test_a_build_that_was_changed_or_signed_by_others_is_not_released(
    firmward: Firmward, ready: Ceremony, system: Path
) -> None:
    build = signed_build(ready.folder / "out", ready.folder / "keys", system, "1.0")
    with (build / "slot/boot.fit").open("ab") as file:
        file.write(b"changed")
    code, told = new(firmward, "out")
    assert (code, "slot/boot.fit was changed" in told) == (2, True)
    stores.make_store(ready.folder / "other", Role.ROOTFS)
    assert new(firmward, "out", "--store", "other")[0] == 2
    (build / "slot/boot.fit").write_bytes(b"fit")
    (ready.folder / "proof.json").write_text(json.dumps({"schema": "firmward.proof/1", "build": "0" * 64}))
    for words, said in (
        (("--proof", "proof.json"), "is the proof of another build"),
        (("--accept", "x[y]=z"), "needs --owner"),
        (("--accept", "x", "--owner", "me"), "expected FINDING=REASON"),
        (("--accept", "x[y]=z", "--owner", "me"), "x[y]: is not worse than before"),
    ):
        if words[0] == "--proof":
            code, told = new(firmward, "out", *words)
            assert (code, said in told) == (2, True), told


@pytest.mark.proof  # four audits
def test_a_release_has_deltas_from_what_the_channel_gives_and_gave(
    firmward: Firmward, ready: Ceremony, system: Path
) -> None:
    (system / "bin/large").write_bytes(random.Random(2).randbytes(300_000))
    for version in ("1.0", "1.1"):
        (system / "etc/version").write_text(version)
        signed_build(ready.folder / "out", ready.folder / "keys", system, version)
        code, told = new(firmward, "out")
        assert code == 0, told
        published(firmward)
    assert re.search(r"root: \d+ bytes, sha256 [0-9a-f]{64} or \d+ bytes \(0\.\d%\) from 1\.0, by blocks", told)
    assert "boot: no delta from 1.0: it would have more than 70% of the payload" in told  # it has three bytes
    given = ready.state.manifest("camera/stable/qemu-arm64.json", ready.state.of_channel(STABLE).signed)
    assert given is not None
    assert [[source.kind for source in one.sources] for one in given.payloads] == [["full"], ["blocks", "full"]]
    (system / "etc/version").write_text("1.2")
    signed_build(ready.folder / "out", ready.folder / "keys", system, "1.2")
    assert [told.count("by blocks") for _, told in [new(firmward, "out", "--delta-from", "1.0")]] == [1]
    assert [told.count("by blocks") for _, told in [new(firmward, "out", "--no-delta")]] == [0]
    assert firmward("release", "verify", "repository").code == 0


def test_a_delta_that_cannot_be_made_is_told_before_anything_is_audited(
    firmward: Firmward, ready: Ceremony, system: Path
) -> None:
    signed_build(ready.folder / "out", ready.folder / "keys", system, "1.0")
    for words, said in (
        (("--delta-from", "0.9"), "no channel of camera gave it to qemu-arm64 (they gave: none)"),
        (("--delta-from", "0.9", "--no-delta"), "say one of them"),
    ):
        code, told = new(firmward, "out", *words)
        assert (code, said in told) == (2, True), told


def test_a_release_for_a_channel_that_is_not_there_is_told_before_anything_is_audited(
    firmward: Firmward, ready: Ceremony, system: Path
) -> None:
    signed_build(ready.folder / "out", ready.folder / "keys", system, "1.0")
    called = firmward("release", "new", "out", "--channel", "beta", "-o", "draft")
    assert called.code == 2
    assert "`firmward release delegate camera beta` makes it" in " ".join(called.err.split())


def test_verify_tells_by_its_exit_code(firmward: Firmward, ready: Ceremony) -> None:
    assert firmward("release", "verify", "repository", "--now", "2026-11-22T12:00:00Z").code == 0
    called = firmward("release", "verify", "repository", "--now", "2026-11-25T12:00:00Z", "--json")
    record = json.loads(called.out)
    assert (called.code, record["schema"]) == (1, "firmward.repository/1")
    assert record["problems"] == ["timestamp 2 has expired on 2026-11-23 12:00 UTC"]
    assert firmward("release", "verify", "none").code == 2
    assert firmward("release", "verify", "repository", "--root", "none").code == 2
    theirs = ready.folder / "theirs"
    theirs.mkdir()
    root = begun(theirs).repository / "metadata/1.root.json"
    assert firmward("release", "verify", "repository", "--root", root, "--now", "2026-11-22T12:00:00Z").code == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("root", "-o", "d", "--repo", "new"), "1 keys have to sign, and there are 0"),
        (("root", "-o", "d", "--threshold", "fleet=2"), "no role of a root"),
        (("root", "-o", "d", "--threshold", "targets=2"), "2 keys have to sign, and there are 1"),
        (("root", "-o", "d", "--key", "targets"), "expected ROLE="),
        (("root", "-o", "d", "--key", "targets=passphrase"), "is not a public key"),
        (("root", "-o", "office"), "is there already"),
        (("delegate", "Camera", "beta", "-o", "d"), "is no name of a product"),
        (("delegate", "camera", "beta", "-o", "d"), "1 keys have to sign, and there are 0"),
        (("delegate", "camera", "beta", "-o", "d", "--repo", "none"), "is no release repository"),
        (("sign", "office"), "is no draft"),
        (("publish", "office", "--store", "server"), "is no draft"),
        (("withdraw", "camera", "--channel", "stable", "--board", "b", "--reason", "x", "-o", "d"), "no release for b"),
        (("renew", "root"), "say which, and where"),
        (("renew", "camera.none", "-o", "d"), "has no channel none"),
        (("renew", "--store", "office"), "has 0 of the snapshot keys"),
        (("renew", "--store", "server", "--now", "yesterday"), "is no time such as"),
        (("renew", "--store", "server", "--now", "2026-11-22T12:00:00"), "say the zone"),
    ],
)
def test_a_wrong_word_is_told_and_nothing_changed(
    firmward: Firmward, ready: Ceremony, words: tuple[str, ...], said: str
) -> None:
    before = {path: path.read_bytes() for path in ready.folder.rglob("*") if path.is_file()}
    called = firmward("release", *words)
    assert called.code == 2
    assert said in " ".join(called.err.split()), called.err
    assert "Traceback" not in called.err
    assert {path: path.read_bytes() for path in ready.folder.rglob("*") if path.is_file()} == before


def test_what_a_stranger_wrote_reaches_no_terminal(firmward: Firmward, ready: Ceremony) -> None:
    draft = ready.written(ready.release("1.0"))
    manifest = next((draft / "targets/camera/stable").iterdir())
    manifest.write_bytes(manifest.read_bytes().replace(b"1.0", b"\x1b[2J"))
    called = firmward("release", "sign", draft, "--store", "office", "--dry-run")
    assert called.code == 2
    assert "\x1b" not in called.out + called.err


HELPED = [verb for verb in VERBS if verb != "director"]
HELPED += [f"director {verb}" for verb in ("root", "order", "stay", "renew")]


@pytest.mark.parametrize("verb", HELPED)
def test_help_has_examples_that_fit_on_a_line(firmward: Firmward, verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    told = firmward("release", *verb.split(), "--help").out
    assert "Examples" in told
    assert "Exit codes" in told
    assert max(map(len, told.split("\n"))) <= 80
