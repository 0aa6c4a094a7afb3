"""`firmward harden` as a user calls it: what it writes, what it says, and what it refuses without leaving a trace."""

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from changed_root import lay, seen
from command import Called, Firmward
from program import find_program

import firmward as package
from firmward.build.trees import open_tree
from firmward.cli import main
from firmward.cli.deadline import Deadline
from firmward.harden import apply as applying
from firmward.harden.site import Site
from firmward.model.memory import MemoryTree, Node
from firmward.model.remedy import SetField
from firmward.model.tree import Kind
from truth import accuracy

SYSTEM = next(system for system in accuracy.systems() if system.name == "debian-gateway")
SHADOW = re.sub("(?m)^operator:[^:]*:", "operator::", str(getattr(SYSTEM.planted["etc/shadow"], "content", "")))
FILES = {**SYSTEM.planted, "etc/shadow": Node(SHADOW, 0o640, 0, 42)}
"""With an empty password in the place of one whose guessing takes seconds."""
CHECK, FINDING = "account-empty-password", "account-empty-password[operator]"
FORMS = {"overlay": ("--as", "overlay"), "diff": ("--as", "diff"), "tar": ("--as", "tar"), "copy": ("--apply",)}
RUN = "from firmward.cli.main import run; run()"
IS_ROOT = os.geteuid() == 0


@dataclass(frozen=True)
class Maker:
    """A root with planted mistakes, its policy, and the command that hardens it."""

    firmward: Firmward
    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "rootfs"

    @property
    def out(self) -> Path:
        return self.folder / "made" / "out"

    @property
    def policy(self) -> Path:
        return self.folder / "device.toml"

    def words(self, *rest: object) -> list[str]:
        return list(map(str, ["harden", self.root, "-p", self.policy, "-o", self.out, *rest]))

    def harden(self, *rest: object) -> Called:
        return self.firmward(*self.words(*rest))

    def manifest(self, out: Path | None = None) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(((out or self.out) / "manifest.json").read_text())
        return found

    def left(self) -> list[str]:
        """What lies where the output would, hidden things too."""
        return sorted(path.name for path in self.out.parent.iterdir())


def made(firmward: Firmward, folder: Path) -> Maker:
    found = Maker(firmward, folder)
    lay(MemoryTree(FILES), found.root, owners=IS_ROOT)
    found.policy.write_text(SYSTEM.policy)
    found.out.parent.mkdir()
    return found


@pytest.fixture
def maker(firmward: Firmward, tmp_path: Path) -> Maker:
    return made(firmward, tmp_path)


@dataclass(frozen=True)
class Done:
    """One root hardened in every form, with all that can be applied; and what was told of each."""

    maker: Maker
    called: Mapping[str, Called]

    def out(self, form: str) -> Path:
        return self.maker.out.with_name(form)

    def manifest(self, form: str = "overlay") -> dict[str, Any]:
        return self.maker.manifest(self.out(form))


def _in_this_process(*words: object) -> Called:
    """As the fixture `firmward`, which is a single test's."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        for name, value in (("NO_COLOR", "1"), ("COLUMNS", "120"), ("SOURCE_DATE_EPOCH", "1795132800")):
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["firmward", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            main.run()
    return Called(int(left.value.code or 0), out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    maker = made(_in_this_process, tmp_path_factory.mktemp("done"))
    before = seen(maker.root)
    found = Done(maker, {})
    told = {form: maker.harden("--unsafe", *words, "-o", found.out(form)) for form, words in FORMS.items()}
    assert {called.code for called in told.values()} == {0}, told
    assert seen(maker.root) == before
    return Done(maker, told)


def refused(called: Called) -> str:
    """The one line that was told."""
    assert called.code == 2, called.out + called.err
    assert called.out == ""
    assert called.err.count("\n") == 1, called.err
    return called.err.removeprefix("firmward: ").rstrip()


def changed(found: Mapping[str, Any]) -> set[str]:
    return {row["path"] for row in found["changed"]} | set(found["removed"])


# what it writes


def test_an_overlay_has_the_changed_files_and_the_record_of_them(done: Done) -> None:
    rootfs, found = done.out("overlay") / "rootfs", done.manifest()
    files = {row["path"]: row["after"] for row in found["changed"]}
    assert files
    for path, state in files.items():
        place = rootfs / path
        assert place.is_symlink() or f"{place.lstat().st_mode & 0o7777:04o}" == state["mode"]
        if IS_ROOT:
            assert (place.lstat().st_uid, place.lstat().st_gid) == (state["uid"], state["gid"])
    laid = {str(path.relative_to(rootfs)) for path in rootfs.rglob("*")}
    assert {path for path in laid if not (rootfs / path).is_dir()} <= set(files)
    assert not laid & set(found["removed"])
    assert "operator:*:" in (rootfs / "etc/shadow").read_text()


def test_the_standings_and_every_findings_fate_are_in_the_record(done: Done) -> None:
    found = done.manifest()
    assert sum(found["standing"]["before"].values()) == len(found["findings"])
    fates = [row["fate"] for row in found["findings"]]
    assert sum(found["standing"]["after"].values()) == len(fates) - fates.count("cured") + len(found["new"])
    assert not [one for one in found["new"] if one["severity"] in ("critical", "high", "medium")]
    assert found["broken"] == []
    assert fates.count("cured") >= 4
    assert all(row["reason"] for row in found["findings"] if row["fate"] != "cured")


def test_without_unsafe_nothing_is_done_that_something_may_rely_on(maker: Maker) -> None:
    maker.harden()
    rows = maker.manifest()["findings"]
    own = [row for row in rows if row["fate"] == "cured" and not row["reason"]]
    assert {row["remedy"]["safety"] for row in own} <= {"safe"}
    waiting = [row for row in rows if row["fate"] == "unsafe"]
    assert waiting
    assert all(row["reason"].startswith("--unsafe applies it: ") for row in waiting)


@pytest.mark.parametrize("form", ["overlay", pytest.param("diff", marks=pytest.mark.proof), "tar", "copy"])
def test_two_runs_write_the_same_bytes(done: Done, maker: Maker, form: str) -> None:
    called = maker.firmward(*done.maker.words("--unsafe", *FORMS[form], "-q", "-o", maker.out))
    assert called == Called(0, "", "")
    assert seen(maker.out) == seen(done.out(form))


def test_a_tar_is_a_whole_root_that_a_build_takes(done: Done) -> None:
    given = open_tree(done.out("tar") / "rootfs.tar")
    have = {entry.path: entry for entry in given.tree.entries()}
    wanted = {entry.path: entry for entry in MemoryTree(FILES).entries()}
    touched = changed(done.manifest("tar"))
    assert set(have) ^ set(wanted) <= touched
    for path in set(wanted) - touched:
        one, other = have[path], wanted[path]
        owner = (other.uid, other.gid) if IS_ROOT else (0, 0)
        assert (one.kind, one.mode, one.target) == (other.kind, other.mode, other.target)
        assert (one.uid, one.gid) == owner


def test_what_is_hardened_is_not_changed_again(done: Done, maker: Maker) -> None:
    tar = done.out("tar") / "rootfs.tar"
    called = maker.firmward("harden", tar, "-p", maker.policy, "--unsafe", "-o", maker.out)
    assert called.code == 0, called.out
    assert changed(maker.manifest()) == set()
    assert "Changed 0 paths, removed 0" in called.out
    assert list((maker.out / "before").iterdir()) == []


def test_a_copy_is_the_root_with_the_changes_and_undo_brings_the_root_back(done: Done, maker: Maker) -> None:
    before = seen(done.maker.root)
    copy = Path(shutil.copytree(done.out("copy") / "rootfs", maker.out, symlinks=True))
    preserve_owners(done.out("copy") / "rootfs", copy)
    differing = {path for path in {*before, *seen(copy)} if before.get(path) != seen(copy).get(path)}
    assert differing == changed(done.manifest("copy"))
    called = maker.firmward("harden", "--undo", done.out("copy"), copy)
    assert called.code == 0, called.err
    assert called.out == f"Put {len(differing)} paths of {copy} back\n"
    assert seen(copy) == before


def preserve_owners(source: Path, copy: Path) -> None:
    for path in source.rglob("*"):
        status = path.lstat()
        os.chown(copy / path.relative_to(source), status.st_uid, status.st_gid, follow_symlinks=False)
        if not path.is_symlink():
            (copy / path.relative_to(source)).chmod(status.st_mode & 0o7777)


def test_an_overlay_laid_over_the_root_can_be_undone_too(done: Done, maker: Maker) -> None:
    before = seen(maker.root)
    subprocess.run(["cp", "-a", f"{done.out('overlay')}/rootfs/.", maker.root], check=True)
    for path in reversed(done.manifest()["removed"]):
        place = maker.root / path
        place.rmdir() if place.is_dir() and not place.is_symlink() else place.unlink()
    assert seen(maker.root) != before
    assert maker.firmward("harden", "--undo", done.out("overlay"), maker.root, "-q") == Called(0, "", "")
    assert seen(maker.root) == before


@pytest.mark.skipif(find_program("git") is None, reason="git is not installed")
def test_a_patch_makes_of_the_root_what_the_copy_is(done: Done, maker: Maker) -> None:
    patch = (done.out("diff") / "harden.diff").read_bytes()
    environment = {"PATH": os.environ["PATH"], "GIT_CEILING_DIRECTORIES": str(maker.folder)}
    subprocess.run(["git", "apply"], input=patch, cwd=maker.root, check=True, env=environment)
    have, wanted = seen(maker.root), seen(done.out("copy") / "rootfs")
    for path in sorted(set(wanted) - set(have)):  # git keeps no folder that became empty
        assert not any((done.out("copy") / "rootfs" / path).iterdir()), path
    assert {path: row[3] for path, row in have.items()} == {path: wanted[path][3] for path in have}


def test_what_was_removed_is_kept_from_others(done: Done) -> None:
    assert done.out("overlay").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (done.out("overlay") / "before").iterdir()} == {0o600}


# which cures


def test_only_some_are_cured(maker: Maker) -> None:
    maker.harden("--unsafe", "--only", "account-empty-password[operator]")
    found = maker.manifest()
    assert changed(found) == {"etc/shadow"}
    cured = [row["check"] for row in found["findings"] if row["fate"] == "cured" and not row["reason"]]
    assert cured == [CHECK]
    assert "not-asked" in {row["fate"] for row in found["findings"]}


def test_a_name_that_nothing_is_found_by_is_told(maker: Maker) -> None:
    called = maker.harden("--only", "telnet-enabled[telnetd]")
    assert "--only telnet-enabled[telnetd]: nothing is found by that name" in maker.manifest()["notes"]
    assert called.code == 0
    assert changed(maker.manifest()) == set()


@pytest.mark.parametrize(
    ("word", "words"),
    [("telnet-enable", "did you mean telnet-enabled"), ("access", "no check 'access'"), ("sysctl[a", "no CHECK[KEY]")],
)
def test_only_what_is_a_check_can_be_asked_for(maker: Maker, word: str, words: str) -> None:
    assert words in refused(maker.harden("--only", word))


def test_an_accepted_risk_is_left_alone(maker: Maker) -> None:
    rows = f'check = "{CHECK}"\nreason = "x"\nowner = "y"\nexpires = 2099-01-01\n'
    maker.policy.write_text(f"{SYSTEM.policy}\n[[accepted]]\n{rows}")
    maker.harden("--unsafe", "--only", CHECK)
    assert changed(maker.manifest()) == set()
    assert maker.manifest()["accepted"] == 1


# what it says


def test_both_standings_are_told_side_by_side_and_what_is_left(done: Done) -> None:
    called = done.called["overlay"]
    assert re.search(r"[0-9]+ of [0-9]+ findings cured", called.out)
    before, after = (done.manifest()["standing"][key]["critical"] for key in ("before", "after"))
    assert re.search(rf"critical +{before} +{after or '·'} *\n", called.out)
    assert "cured: " in called.out
    assert "a person cures: " in called.out
    assert f"Wrote {done.out('overlay')}" in "".join(called.out.split("\n")).replace("  ", " ")
    assert "\x1b" not in called.out + called.err


def test_a_dry_run_explains_every_change_and_writes_nothing(maker: Maker) -> None:
    called = maker.firmward("harden", maker.root, "-p", maker.policy, "--explain", "--unsafe")
    assert called.code == 0
    told = " ".join(called.out.split())
    assert "would be cured" in told
    assert "Would change" in told
    assert "set etc/shadow: field 2 of operator = *" in told
    assert not re.search(r"and [0-9]+ more *\n", called.out)
    assert maker.harden("--dry-run", "-q") == Called(0, "", "")
    assert maker.left() == []


def test_for_programs_there_is_one_document(maker: Maker) -> None:
    called = maker.harden("--unsafe", "--json")
    said = json.loads(called.out)
    assert called.err == ""
    assert said == {**maker.manifest(), "folder": str(maker.out)}
    assert list(said)[:3] == ["schema", "subject", "form"]


def test_no_secret_is_told(firmward: Firmward, root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    called = firmward("harden", root, "-o", out, "--unsafe", "--explain")
    said = called.out + called.err + (out / "manifest.json").read_text()
    assert "Z" * 22 not in said
    assert "Tr0ub4dor" not in said
    assert "without a policy (-p device.toml)" in " ".join(said.split())


@pytest.mark.proof
def test_what_the_policy_declares_and_is_not_there_is_told(maker: Maker) -> None:
    maker.policy.write_text(f'{SYSTEM.policy}\n[[listen]]\nport = 4711\nservice = "ghost"\n')
    maker.harden()
    assert "tcp/4711, which is to be ghost's, and nothing here opens it" in " ".join(maker.manifest()["notes"])


def test_help_has_examples_and_exit_codes(firmward: Firmward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    told = firmward("harden", "--help").out
    assert "Exit codes" in told
    assert "firmward harden --undo hardened hardened/rootfs" in told
    assert max(map(len, told.split("\n"))) <= 100


# what is worse afterwards


def worse(monkeypatch: pytest.MonkeyPatch, make: Callable[[SetField, Site], None]) -> None:
    kinds = {**applying.kinds(), SetField: make}
    monkeypatch.setattr(applying, "kinds", lambda: MappingProxyType(kinds))


def test_a_cure_that_makes_it_worse_is_told_before_all_else(maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    def empty(change: SetField, site: Site) -> None:
        text = site.draft.text("etc/shadow") or ""
        site.draft.write("etc/shadow", re.sub("(?m)^(root|operator):[^:]*:", r"\1::", text))

    worse(monkeypatch, empty)
    called = maker.harden("--unsafe")
    assert called.code == 1
    assert "faults of this hardening" in called.out.split("cured: ")[0]
    assert "new: account-empty-password[root]" in called.out
    assert CHECK in [row["check"] for row in maker.manifest()["new"]]


def test_a_cure_that_does_not_cure_is_told(maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    worse(monkeypatch, lambda change, site: None)
    called = maker.harden("--unsafe", "-q")
    assert (called.code, called.out) == (1, "")
    assert f"{FINDING} is not cured: its cure was applied" in called.err


def test_a_cure_that_would_end_a_declared_function_is_refused(maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    def raze(change: SetField, site: Site) -> None:
        for folder in ("etc/systemd", "usr/lib/systemd", "lib/systemd", "etc/ssh", "etc/nginx"):
            if site.draft.lstat_through(folder) is not None:
                site.draft.remove(folder)

    worse(monkeypatch, raze)
    called = maker.harden("--unsafe")
    assert called.code == 0, called.out
    found = maker.manifest()
    assert found["broken"] == []
    refusals = [row for row in found["findings"] if row["fate"] == "refused" and "it would end" in row["reason"]]
    assert FINDING in {f"{row['check']}[{row['key']}]" for row in refusals}
    assert all("listens on tcp/" in row["reason"] for row in refusals)
    assert "etc/ssh" not in changed(found)


# what is refused


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        (["--as", "copy"], "is not one of overlay, diff, tar"),
        (["--as", "yocto"], "is not one of overlay, diff, tar"),
        (["--apply", "--as", "tar"], "--apply writes a whole copy"),
        (["--part", "nowhere"], "has no part nowhere; there are image"),
    ],
)
def test_a_wrong_command_is_told_in_one_line(maker: Maker, rest: list[str], words: str) -> None:
    assert words in refused(maker.harden(*rest))
    assert maker.left() == []


def test_without_a_place_it_says_what_to_give(maker: Maker) -> None:
    assert "-o hardened, or --dry-run" in refused(maker.firmward("harden", maker.root, "-p", maker.policy))


def test_a_policy_that_contradicts_itself_is_refused_before_the_image_is_opened(maker: Maker) -> None:
    twice = '[[listen]]\nport = 9\nservice = "a"\n[[listen]]\nport = 9\nservice = "b"\n'
    maker.policy.write_text(twice)
    said = refused(maker.firmward("harden", maker.folder / "none", "-p", maker.policy, "-o", maker.out))
    assert said == f"{maker.policy}: contradicts itself: listen[2].service: tcp/9 is given to b, and to a before"


@pytest.mark.parametrize("kind", ["file", "folder", "link", "inside", "none", "dot"])
def test_a_place_where_nothing_can_be_made_is_refused_before_the_work(maker: Maker, kind: str) -> None:
    place = maker.out
    if kind == "file":
        place.write_text("mine")
    elif kind == "folder":
        place.mkdir()
        (place / "mine").write_text("mine")
    elif kind == "link":
        place.symlink_to(maker.folder)
    places = {"inside": maker.root / "out", "none": maker.folder / "none" / "out", "dot": Path("..")}
    before = seen(maker.folder)
    refused(maker.harden("-o", places.get(kind, place)))
    assert seen(maker.folder) == before


@pytest.mark.parametrize("content", [b"", b"nothing that is known\n" * 400])
def test_what_holds_no_root_is_told(maker: Maker, content: bytes) -> None:
    image = maker.folder / "image.bin"
    image.write_bytes(content)
    refused(maker.firmward("harden", image, "-o", maker.out))
    assert maker.left() == []


@pytest.mark.proof
def test_of_several_roots_one_is_to_be_chosen(maker: Maker) -> None:
    folder = maker.folder / "several"
    for name in ("a", "b"):
        lay(MemoryTree({**FILES, "etc/hostname": name}), folder / name)
        subprocess.run(["tar", "-C", folder / name, "-cf", folder / f"rootfs_{name}.tar", "."], check=True)
        shutil.rmtree(folder / name)
    image = maker.folder / "both.zip"
    shutil.make_archive(str(image.with_suffix("")), "zip", folder)
    said = refused(maker.firmward("harden", image, "-o", maker.out))
    assert "has several root file systems, say which one with --part: " in said
    called = maker.firmward("harden", image, "-o", maker.out, "--part", "rootfs_b.tar")
    assert called.code in (0, 1), called.err
    assert maker.manifest()["subject"]["part"].endswith("rootfs_b.tar")


def test_a_time_that_runs_out_is_told(maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    late = "not done within 1 s (--budget-seconds)"
    monkeypatch.setattr(Deadline, "account", lambda _, budget: replace(budget, complete=False, exhausted=(late,)))
    called = maker.harden("--budget-seconds", "1")
    assert called.code == 3
    assert "incomplete: not done within 1 s" in called.err
    assert maker.manifest()["complete"] is False


@pytest.mark.parametrize(
    ("mishap", "words"),
    [
        (lambda out: (out / "manifest.json").unlink(), "manifest.json: No such file"),
        (lambda out: (out / "manifest.json").write_text("{"), "manifest.json: is not JSON"),
        (lambda out: (out / "manifest.json").write_bytes(b"\xff"), "manifest.json: is not UTF-8"),
        (lambda out: (out / "rootfs/etc/shadow").write_text("mine"), "etc/shadow: is not as hardening left it"),
    ],
)
def test_undo_refuses_what_it_cannot_put_back(
    done: Done, maker: Maker, mishap: Callable[[Path], object], words: str
) -> None:
    shutil.copytree(done.out("copy"), maker.out, symlinks=True)
    mishap(maker.out)
    before = seen(maker.out / "rootfs")
    assert words in refused(maker.firmward("harden", "--undo", maker.out, maker.out / "rootfs"))
    assert seen(maker.out / "rootfs") == before


def test_undo_wants_a_root(maker: Maker) -> None:
    assert "say which root is to be put back" in refused(maker.firmward("harden", "--undo", maker.out))


# whatever ends it


def process(words: list[str], before: tuple[str, ...] = ()) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHONPATH": str(Path(package.__file__).parents[1]), "COLUMNS": "120"}
    return subprocess.Popen(
        [*before, sys.executable, "-B", "-c", RUN, *words],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(words: list[str], before: tuple[str, ...] = ()) -> Called:
    with process(words, before) as started:
        out, err = started.communicate(timeout=100)
    return Called(started.returncode, out, err)


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.proof)])
def test_what_is_interrupted_leaves_nothing(maker: Maker, number: signal.Signals) -> None:
    with process(maker.words("--apply")) as started:
        ends = time.monotonic() + 60
        while not maker.left() and time.monotonic() < ends:
            time.sleep(0.01)
        started.send_signal(number)
        _, err = started.communicate(timeout=60)
    assert "nothing is half-written" in err
    assert maker.left() == []


NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c")


def mounted(options: str, folder: Path) -> tuple[str, ...]:
    """A command's beginning that gives it a file system of its own at a folder."""
    return (*NAMESPACE, f'mount -t tmpfs -o {options} none "$0" && exec "$@"', str(folder))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("size=64k", "out: cannot be written: the disk is full"),
        pytest.param("ro", "out: cannot be written: ", marks=pytest.mark.proof),
    ],
)
def test_a_disk_that_is_full_or_read_only_is_told_in_one_line(maker: Maker, options: str, words: str) -> None:
    if subprocess.run([*NAMESPACE, "mount -t tmpfs none /mnt"], capture_output=True).returncode != 0:
        pytest.skip("this machine lets no user mount in a namespace of its own")
    (maker.root / "etc" / "large").write_bytes(os.urandom(100_000))
    after = f"{sys.executable} -B -c {RUN!r} {' '.join(maker.words('--as', 'tar', '-q'))}"
    script = f'mount -t tmpfs -o {options} none "$0" && {{ {after}; code=$?; ls -A "$0"; exit $code; }}'
    called = run([], (*NAMESPACE, script, str(maker.out.parent)))
    assert words in refused(called)


# from an image


@pytest.fixture
def image(maker: Maker) -> Path:
    """A squashfs with a device node, a hard link and a capability."""
    if find_program("mksquashfs") is None:
        pytest.skip("mksquashfs is not installed")
    (maker.root / "dev").mkdir(exist_ok=True)
    os.link(maker.root / "etc/shadow", maker.root / "etc/shadow-")
    path = maker.folder / "root.squashfs"
    node = ("-p", "dev/console c 600 0 5 5 1", "-quiet")
    subprocess.run(["mksquashfs", maker.root, path, *node], check=True, capture_output=True)
    return path


def test_a_tar_from_an_image_keeps_devices_and_links(maker: Maker, image: Path) -> None:
    called = maker.firmward("harden", image, "-p", maker.policy, "--as", "tar", "-o", maker.out)
    assert called.code == 0, called.err
    tree = open_tree(maker.out / "rootfs.tar").tree
    console = tree.lstat("dev/console")
    assert console is not None
    assert (console.kind, console.device, console.mode) == (Kind.CHARACTER, (5, 1), 0o600)
    assert tree.identity("etc/shadow") == tree.identity("etc/shadow-") is not None


@pytest.mark.skipif(not IS_ROOT, reason="only root makes devices")
def test_a_copy_of_an_image_has_its_devices_and_links(maker: Maker, image: Path) -> None:
    words = ("--apply", "--only", "telnet-enabled", "-o", maker.out)  # of which there is none: all stays as it is
    called = maker.firmward("harden", image, "-p", maker.policy, *words)
    if "Operation not permitted" in called.err:
        pytest.skip("this machine lets not even root make devices")
    assert called.code == 0, called.err
    copy = maker.out / "rootfs"
    assert (copy / "dev/console").is_char_device()
    assert (copy / "etc/shadow").stat().st_ino == (copy / "etc/shadow-").stat().st_ino
    assert {path: row for path, row in seen(copy).items() if path != "dev/console"} == seen(maker.root)


# without root's rights

USER = ("unshare", "--user", "--map-user=4711", "--map-group=4711")
"""Who runs the tests becomes a normal user, to whom what is his belongs still."""


@pytest.fixture
def as_user() -> tuple[str, ...]:
    if subprocess.run([*USER, "true"], capture_output=True).returncode != 0:
        pytest.skip("this machine lets no user have a namespace of his own")
    return USER


@pytest.mark.proof
def test_a_copy_of_roots_files_is_roots_to_make(maker: Maker, image: Path, as_user: tuple[str, ...]) -> None:
    words = ["harden", str(image), "-p", str(maker.policy), "-o", str(maker.out)]
    said = refused(run([*words, "--apply"], as_user))
    assert re.search("/.* belongs to 0:0, so that only root can copy it; --as tar needs no rights", said)
    assert maker.left() == []
    called = run([*words, "--as", "tar", "--unsafe"], as_user)
    assert called.code == 0, called.err
    owners = {(entry.uid, entry.gid) for entry in open_tree(maker.out / "rootfs.tar").tree.entries()}
    assert {(0, 0), (0, 5)} <= owners


@pytest.mark.proof
def test_a_users_own_folder_is_copied_and_undone_by_the_user(maker: Maker, as_user: tuple[str, ...]) -> None:
    for path in (maker.root, *maker.root.rglob("*")):
        os.chown(path, os.getuid(), os.getgid(), follow_symlinks=False)
    before = seen(maker.root)
    called = run(maker.words("--apply", "--unsafe"), as_user)
    assert called.code == 0, called.err
    copy = maker.out / "rootfs"
    assert {path.lstat().st_uid for path in copy.rglob("*")} == {os.getuid()}
    assert seen(copy) != before
    called = run(["harden", "--undo", str(maker.out), str(copy)], as_user)
    assert called.code == 0, called.err
    assert seen(copy) == before


@pytest.mark.proof
def test_in_a_tar_of_a_users_folder_all_is_roots(maker: Maker, as_user: tuple[str, ...]) -> None:
    called = run(maker.words("--as", "tar", "--unsafe"), as_user)
    assert called.code == 0, called.err
    tree = open_tree(maker.out / "rootfs.tar").tree
    assert {(entry.uid, entry.gid) for entry in tree.entries()} == {(0, 0)}
