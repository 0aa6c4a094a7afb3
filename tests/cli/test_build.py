"""`firmward build` at its edges: what is refused is one line, leaves nothing, and comes before anything is signed."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import signed_camera
import stores
import update_repository
from command import Called, Firmward
from cryptography.hazmat.primitives.asymmetric import rsa
from program import find_program

import firmward as package
from firmward.build import built
from firmward.build.client import trusted_root
from firmward.signing.file_key import FileKey

GUARDS = {"FIRMWARD_KEYS", "FIRMWARD_PASSPHRASE_FILE", "FIRMWARD_PIN_FILE"}
RUN = "from firmward.cli.main import run; run()"


@dataclass(frozen=True)
class Maker:
    """What a maker has: inputs, a policy, keys; and the command that builds from them."""

    firmward: Firmward
    folder: Path
    inputs: Path
    store: Path
    passphrase: Path

    @property
    def out(self) -> Path:
        return self.folder / "made" / "out"

    def policy(self, **changes: str) -> Path:
        path = self.folder / "device.toml"
        quick = {"rootfs": '"images/small.squashfs"', "compression": '"gzip"'}
        path.write_text(signed_camera.with_words(**{**quick, **changes}), encoding="utf-8")
        return path

    def words(self, *rest: object) -> list[str]:
        named = ["--inputs", self.inputs, "--keys", self.store, "--cache", signed_camera.CACHE]
        secret = ["--passphrase-file", self.passphrase]
        return list(map(str, ["build", self.folder / "device.toml", *named, *secret, "-o", self.out, *rest]))

    def build(self, *rest: object, **changes: str) -> Called:
        self.policy(**changes)
        return self.firmward(*self.words(*rest))

    def left(self) -> list[str]:
        """What lies where the build would, hidden things too."""
        place = self.out.parent
        return sorted(path.name for path in place.iterdir()) if place.is_dir() else []


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The camera's, with a root of its programs and modules alone, which is packed in no time."""
    folder = signed_camera.small(tmp_path_factory.mktemp("inputs", numbered=True))
    root, image = folder / "root", folder / "images" / "rootfs.squashfs"
    unpack = ("unsquashfs", "-q", "-n", "-no-xattrs", "-ignore-errors", "-d", root, image)
    subprocess.run(unpack, check=False, capture_output=True)
    shutil.rmtree(root / "usr" / "lib" / "aarch64-linux-gnu")
    small = ("mksquashfs", root, folder / "images" / "small.squashfs", "-comp", "gzip", "-all-root", "-quiet")
    subprocess.run(small, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return signed_camera.store(tmp_path_factory.mktemp("store") / "keys")


@pytest.fixture
def maker(
    firmward: Firmward, tmp_path: Path, inputs: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Maker]:
    for name in GUARDS:
        monkeypatch.delenv(name, raising=False)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    yield Maker(firmward, tmp_path, inputs, store, stores.secret_file(tmp_path))
    assert list(temporary.iterdir()) == []


@pytest.fixture
def signatures(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What was signed meanwhile."""
    found: list[bytes] = []
    sign = FileKey.sign
    monkeypatch.setattr(FileKey, "sign", lambda key, message, how: found.append(message) or sign(key, message, how))
    return found


def refused(called: Called) -> str:
    """What was told, without the command's name; nothing comes behind it but further lines of the same kind."""
    assert called.code == 2, called.err
    assert called.out == ""
    steps, _, said = called.err.rstrip().partition("firmward: ")
    assert steps == "" or steps.endswith("\n")
    assert all(line.startswith("[") for line in said.splitlines()[1:]), said
    return said


@pytest.fixture(scope="module")
def whole(
    tmp_path_factory: pytest.TempPathFactory, inputs: Path, store: Path
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """One build by the command as a process, and what it said."""
    folder = tmp_path_factory.mktemp("whole")
    maker = Maker(lambda *_: Called(0, "", ""), folder, inputs, store, stores.secret_file(folder))
    maker.policy()
    return maker.out, run(maker, "--json")


def started(maker: Maker, *rest: object, before: tuple[str, ...] = ()) -> "subprocess.Popen[str]":
    environment = {name: value for name, value in os.environ.items() if name not in GUARDS}
    environment["PYTHONPATH"] = str(Path(package.__file__).parents[1])
    return subprocess.Popen(
        [*before, sys.executable, "-c", RUN, *maker.words(*rest)],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(maker: Maker, *rest: object, before: tuple[str, ...] = ()) -> "subprocess.CompletedProcess[str]":
    with started(maker, *rest, before=before) as process:
        out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


# what it says


def test_for_programs_there_is_one_document_without_a_word_beside_it(
    whole: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    out, done = whole
    assert (done.returncode, done.stderr) == (0, "")
    said = json.loads(done.stdout)
    record = json.loads((out / "build.json").read_text())
    assert said == {"schema": "firmward.build/1", "folder": str(out), **record}
    assert list(said)[:4] == ["schema", "folder", "product", "version"]


def test_in_a_pipe_there_are_no_colours_and_every_step_is_told(maker: Maker) -> None:
    called = maker.build()
    assert called.code == 0, called.err
    assert "\x1b" not in called.out + called.err
    steps = [re.sub(r"^ +\d+\.\d s  ", "", line) for line in called.err.splitlines()]
    assert steps[:2] == [trusted_root.NONE, "inputs, programs and keys"]
    assert steps[-1] == "disk"
    assert called.out.splitlines()[-1] == f"Next: firmward audit {maker.out}, firmward lab boot {maker.out}"
    assert maker.left() == ["out"]


def test_a_dry_run_says_what_would_be_done_and_changes_nothing(maker: Maker, signatures: list[bytes]) -> None:
    cache = maker.folder / "cache"
    called = maker.build("--dry-run", "--cache", cache)
    assert called.code == 0, called.err
    assert "Nothing was built, nothing was signed." in called.out
    assert re.search(r"^boot key +[0-9a-f]{64}$", called.out, re.MULTILINE)
    said = json.loads(maker.build("--dry-run", "--json", "--cache", cache).out)
    assert (said["schema"], said["board"], said["layout"]) == ("firmward.plan/1", "qemu-arm64", "verity")
    assert not cache.exists()
    assert maker.left() == []
    assert signatures == []


def test_help_has_examples_and_exit_codes_that_fit_on_a_line(
    firmward: Firmward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    told = firmward("build", "--help").out
    assert "Exit codes" in told
    assert "firmward build device.toml -o out/" in told
    assert max(map(len, told.split("\n"))) <= 100


# where it goes


@pytest.mark.parametrize("name", [".", "..", "", "/", "a/.."])
def test_a_name_that_cannot_be_replaced_is_refused_at_once(maker: Maker, name: str) -> None:
    assert "is no name for a folder that can be replaced" in refused(maker.build("-o", name))


def test_what_is_in_the_way_is_told_and_stays(maker: Maker) -> None:
    place = maker.folder / "made"
    (place / "thesis").mkdir(parents=True)
    (place / "file").write_text("mine")
    (place / "thesis" / "build.json").write_text("{}")
    (place / "thesis" / "chapter.txt").write_text("mine")
    (place / "link").symlink_to("thesis")
    before = sorted(place.rglob("*"))
    assert refused(maker.build("-o", place / "file")) == f"{place / 'file'}: is not a folder"
    assert refused(maker.build("-o", place / "file" / "out")) == f"{place / 'file'}: is not a folder"
    assert "is a link; give the folder that it leads to" in refused(maker.build("-o", place / "link"))
    # a build.json is not only ours
    assert "holds other things than a build" in refused(maker.build("-o", place / "thesis"))
    assert sorted(place.rglob("*")) == before


def test_without_a_place_it_is_asked_for(maker: Maker) -> None:
    maker.policy()
    words = maker.words()
    called = maker.firmward(*words[: words.index("-o")])
    assert refused(called) == "say where to build to: -o out/"


def test_what_was_put_beside_an_earlier_build_is_not_lost(
    maker: Maker, whole: tuple[Path, subprocess.CompletedProcess[str]]
) -> None:
    shutil.copytree(whole[0], maker.out)
    (maker.out / "rom").mkdir()
    (maker.out / "rom" / "signed.imx").write_text("from a machine that is offline")
    assert "holds rom/signed.imx, which the earlier build did not make" in refused(maker.build())
    assert (maker.out / "rom" / "signed.imx").exists()


def test_a_hardened_root_takes_the_place_of_the_one_in_the_policy(maker: Maker, tmp_path: Path) -> None:
    maker.policy(rootfs='"not/there"')
    assert "not/there" in refused(maker.firmward(*maker.words("--dry-run")))
    root = maker.inputs / "images" / "small.squashfs"
    planned = json.loads(maker.firmward(*maker.words("--dry-run", "--json", "--rootfs", root)).out)
    assert planned["root"] == f"{root} (squashfs)"
    gone = tmp_path / "gone.tar"
    assert f"[build] rootfs: {gone}" in refused(maker.firmward(*maker.words("--dry-run", "--rootfs", gone)))


def test_the_update_client_goes_in_where_the_maker_says_whom_devices_trust(maker: Maker, tmp_path: Path) -> None:
    root = update_repository.publish(tmp_path / "repository")
    maker.policy()

    def planned(*rest: object) -> str:
        return str(json.loads(maker.firmward(*maker.words("--dry-run", "--json", *rest)).out)["updates"])

    assert planned().startswith("left out, since no root.json is named")
    assert re.fullmatch(
        r"\d+ modules for Python 3\.11(, not .*)?; it trusts 1\.root\.json, started by .*",
        planned("--update-root", root),
    )
    assert planned("--without-updates", "--update-root", root) == "left out, as asked for"
    assert "director = true" in refused(
        maker.firmward(*maker.words("--dry-run", "--update-root", root, "--director-root", root))
    )
    assert "root.json" in refused(maker.firmward(*maker.words("--dry-run", "--update-root", tmp_path / "no-root.json")))
    maker.policy(mechanism='"rauc"')
    assert planned() == ""
    assert "--update-root" in refused(maker.firmward(*maker.words("--dry-run", "--update-root", root)))


def test_a_build_says_in_one_line_what_became_of_the_update_client_and_seals_it(maker: Maker, tmp_path: Path) -> None:
    root = update_repository.publish(tmp_path / "repository")
    told = maker.build("--update-root", root)
    assert told.code == 0, told.err
    assert told.err.count("update client: ") == 1
    assert maker.firmward("cat", f"{maker.out}/slot/root.img::/usr/share/firmward/root.json").out == root.read_text(
        encoding="utf-8"
    )


# programs


LINKED = (
    "make", "gcc", "aarch64-linux-gnu-gcc", "aarch64-linux-gnu-ld", "bison", "flex", "bc", "xxd", "dtc",
    "qemu-system-aarch64", "mkimage", "mksquashfs", "fakeroot", "patch",
)  # fmt: skip


@pytest.mark.parametrize(
    ("missing", "packages"),
    [
        (("mksquashfs",), "squashfs-tools"),
        (("mkimage",), "u-boot-tools"),
        (("dtc",), "device-tree-compiler"),
        (("aarch64-linux-gnu-gcc",), "gcc-aarch64-linux-gnu"),
        (("qemu-system-aarch64",), "qemu-system-arm"),
        (("dtc", "mkimage", "bison"), "bison device-tree-compiler u-boot-tools"),
    ],
)
def test_all_missing_programs_are_told_before_anything_is_made(
    maker: Maker, monkeypatch: pytest.MonkeyPatch, missing: tuple[str, ...], packages: str, signatures: list[bytes]
) -> None:
    programs = maker.folder / "programs"
    programs.mkdir()
    for name in set(LINKED) - set(missing):
        place = find_program(name)
        if place is not None:
            (programs / name).symlink_to(place)
    monkeypatch.setenv("PATH", str(programs))
    for rest in ((), ("--dry-run",)):
        said = refused(maker.build(*rest, compression='"xz"'))
        assert said == f"programs are missing; on Debian: apt install {packages}"
    assert maker.left() == []
    assert signatures == []


# keys


def test_a_passphrase_that_does_not_open_and_one_that_is_not_there(maker: Maker, signatures: list[bytes]) -> None:
    wrong = stores.secret_file(maker.folder, "another battery horse", "wrong")
    assert re.match(
        r"boot-1: wrong passphrase, .*; nothing was signed$", refused(maker.build("--passphrase-file", wrong))
    )
    maker.policy()
    words = [word for word in maker.words() if word not in ("--passphrase-file", str(maker.passphrase))]
    assert "there is no terminal to ask on" in refused(maker.firmward(*words))
    maker.passphrase.chmod(0o644)
    assert "every user may read the passphrase" in refused(maker.build())
    assert "is no key store" in refused(maker.build("--keys", maker.folder / "none"))
    assert maker.left() == []
    assert signatures == []


def with_keys(maker: Maker, *names: str) -> Called:
    """The policy with [boot] keys."""
    path = maker.policy()
    listed = ", ".join(f'"{name}"' for name in names)
    path.write_text(path.read_text().replace("[boot]\n", f"[boot]\nkeys = [{listed}]\n"))
    return maker.firmward(*maker.words("--dry-run"))


def test_only_keys_that_the_policy_names_sign(maker: Maker, signatures: list[bytes], tmp_path: Path) -> None:
    other = signed_camera.store(tmp_path / "other")
    shutil.copy(other / "public" / "boot-1.pem", tmp_path / "other.pem")
    own = (maker.store / "public" / "boot-1.pem").read_bytes()
    (tmp_path / "both.pem").write_bytes((tmp_path / "other.pem").read_bytes() + own)
    said = refused(with_keys(maker, "other.pem"))
    assert re.match(r"\[boot\] keys: key [0-9a-f]{16} is none of those that the policy names \([0-9a-f]{16}\)$", said)
    assert with_keys(maker, "other.pem", "both.pem").code == 0  # as `keys export-public boot` writes it with a spare
    assert signatures == []


def test_a_file_that_is_no_public_key_is_told_whatever_it_is(maker: Maker, tmp_path: Path) -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (tmp_path / "private.pem").write_bytes(stores.plain_pem(private))
    (tmp_path / "words.pem").write_text("words")
    (tmp_path / "large.pem").write_bytes(bytes(1 << 20))
    os.mkfifo(tmp_path / "pipe.pem")
    rows = {
        "private.pem": "is a private key; give its public half",
        "words.pem": "is not a public key in PEM; `firmward keys export-public boot` writes one",
        "large.pem": "larger than 65536 bytes",
        "pipe.pem": "is no regular file",
        "/dev/zero": "is no regular file",
        "none.pem": "No such file or directory",
        ".": "Is a directory",
    }
    for name, words in rows.items():
        said = refused(with_keys(maker, name))
        assert said.startswith("[boot] keys: "), said
        assert words in said


def private_key() -> str:
    return stores.plain_pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)).decode()


def test_a_private_key_goes_nowhere(maker: Maker, signatures: list[bytes], tmp_path: Path) -> None:
    for name in ("root/etc", "data"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "server.key").write_text(private_key())
    assert "etc/server.key holds a private key (RSA)" in refused(maker.build(rootfs=f'"{tmp_path / "root"}"'))
    assert "server.key holds a private key (RSA)" in refused(maker.build(data=f'"{tmp_path / "data"}"'))
    path = maker.policy()
    path.write_text(f'{path.read_text()}\n[more]\nkey = """{private_key()}"""\n')
    assert "holds a private key or a password hash" in refused(maker.firmward(*maker.words()))
    assert maker.left() == []
    assert signatures == []


# inputs


def test_all_that_is_missing_is_told_at_once(maker: Maker) -> None:
    called = maker.build(rootfs='"r"', kernel='"k"', device_tree='"d"', tools='"t"', data='"x"')
    assert called.code == 2
    keys = re.findall(r"\[build\] (\w+): .*: No such file or directory$", called.err, re.MULTILINE)
    assert sorted(keys) == ["data", "device_tree", "kernel", "rootfs", "tools"]


OTHER_BOARD = {"board": '"imx6ull"', "architecture": '"arm"'}
ROWS = {
    "another architecture": (OTHER_BOARD, "Image is for arm64, and board imx6ull is arm"),
    "no control tree": (OTHER_BOARD, "[build] boot_loader_tree: is required"),
    "no such board": ({"board": '"qemu-arm65"'}, "'qemu-arm65' cannot be built for; known are am335x, imx6ull, "),
    "no dmsetup": ({"tools": '"images/rootfs.squashfs"'}, "there is no dmsetup.static or dmsetup for arm64"),
    "a misspelt key": ({"compression": '"xz"\nkernle = "x"'}, "build.kernle: unknown key, did you mean kernel?"),
    "a misspelt word": ({"layout": '"initrd"'}, "build.layout: 'initrd' is not known, did you mean initramfs?"),
    "a disk without end": ({"slot_size": '"1048576M"'}, "is not a whole number of MiB up to 65536"),
    "a root too large": ({"slot_size": '"1M"'}, "[build] slot_size: the root file system has"),
    "data too large": ({"data_size": '"8M"'}, "[build] data_size: the data have"),
    "a command that is none": ({"health": r'["a\u0000b"]'}, "[update] health: 'a\\x00b' is no command"),
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
def test_what_cannot_be_is_refused_before_anything_is_made(maker: Maker, row: str, signatures: list[bytes]) -> None:
    changes, words = ROWS[row]
    called = maker.build(**changes)
    refused(called)
    assert words in called.err
    assert "initramfs\n" not in called.err  # no step of work was begun
    assert maker.left() == []
    assert signatures == []


def test_a_fit_too_large_for_its_slot_is_not_signed(maker: Maker, signatures: list[bytes]) -> None:
    assert "[build] boot_size: the signed kernel has" in refused(maker.build(boot_size='"1M"'))
    assert maker.left() == []
    assert signatures == []


def test_modules_of_another_release_are_told_with_both(maker: Maker, tmp_path: Path) -> None:
    kernel = (maker.inputs / "images" / "Image").read_bytes()
    (tmp_path / "Image").write_bytes(re.sub(rb"Linux version 6\.1\.0-\d+", b"Linux version 6.1.0-00", kernel))
    said = refused(maker.build(kernel=f'"{tmp_path / "Image"}"'))
    assert "the kernel 6.1.0-00-arm64 has to have" in said
    assert re.search(r"there are modules for 6\.1\.0-(?!00)\d+-arm64 alone", said)
    assert maker.left() == []


def test_a_root_that_starts_nothing_is_refused(maker: Maker, tmp_path: Path) -> None:
    (tmp_path / "root" / "bin").mkdir(parents=True)
    assert "has no /sbin/init, which the initramfs would start" in refused(maker.build(rootfs=f'"{tmp_path / "root"}"'))


def test_an_input_that_changes_meanwhile_is_not_built_from(
    maker: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = tmp_path / "Image"
    shutil.copy(maker.inputs / "images" / "Image", kernel)
    from firmward.build import image

    made = image._fit

    def written_anew(*words: object) -> None:
        made(*words)  # type: ignore[arg-type]
        kernel.write_bytes(kernel.read_bytes() + b"\0")

    monkeypatch.setattr(image, "_fit", written_anew)
    said = refused(maker.build(kernel=f'"{kernel}"'))
    assert said == f"{kernel}: changed while it was built from; build again when it is finished"
    assert maker.left() == []


def test_names_that_others_would_trip_over_are_carried_as_they_are(maker: Maker, tmp_path: Path) -> None:
    from firmward.image.budget import Budget
    from firmward.image.filesystem.ext import open_ext
    from firmward.image.source import open_file

    names = ["-rf", "a\nb", "a'b\"c", "$(reboot)", "a b", "\\", "ümlaut", "*"]
    (tmp_path / "data").mkdir()
    for name in names:
        (tmp_path / "data" / name).write_text(name)
    out = tmp_path / "made" / "a [/b], c"
    called = maker.build("--quiet", "-o", out, data=f'"{tmp_path / "data"}"')
    assert called.code == 0, called.err
    assert called.err == ""
    assert "a [/b], c: camera 1.4.0" in called.out
    assert called.out.splitlines()[-1].endswith("a [/b], c'")  # as a shell takes it
    where = built.read(out).partition("data")
    tree = open_ext(open_file(out / "disk.img").slice(where.start, where.size), Budget())
    assert sorted(entry.path for entry in tree.entries() if entry.path != "lost+found") == sorted(names)
    assert [tree.read(name, 100) for name in names] == [name.encode() for name in names]


# how it ends


SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


@pytest.mark.parametrize(
    ("number", "step"),
    [(signal.SIGINT, "initramfs"), (signal.SIGTERM, "squashfs with xz"), (signal.SIGHUP, "signed with key")],
)
def test_a_build_that_is_asked_to_end_leaves_nothing_and_no_process(
    maker: Maker, number: signal.Signals, step: str
) -> None:
    maker.policy(compression='"xz"' if "squashfs" in step else '"gzip"')
    with started(maker) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if step in line:
                break
        time.sleep(0.05)
        process.send_signal(number)
        said = process.stderr.read()
    assert process.returncode == SIGNALS[number]
    assert said.splitlines()[-1].endswith("nothing is half-written")
    assert maker.left() == []
    assert mine(maker.folder) == []


def mine(folder: Path) -> list[str]:
    """Processes that work in a folder, or were told of it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            place = str((process / "cwd").readlink())
        except OSError:
            continue
        if int(process.name) != os.getpid() and (
            place.startswith(str(folder)) or any(os.fsencode(folder) in word for word in words)
        ):
            found.append(b" ".join(words).decode())
    return found


def test_two_builds_into_one_folder_end_well_and_one_of_them_stands_there(maker: Maker) -> None:
    maker.policy()
    with started(maker, "--quiet") as first, started(maker, "--quiet") as second:
        ends = [process.communicate(timeout=120) for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), ends
    assert maker.left() == ["out"]
    called = maker.firmward("verify", maker.out, "--keys", maker.store)
    assert called.code == 0, called.out


NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c")


def mounted(options: str, folder: Path) -> tuple[str, ...]:
    """A command's beginning that gives it a file system of its own at a folder."""
    return (*NAMESPACE, f'mount -t tmpfs -o {options} none "$0" && exec "$@"', str(folder))


def may_mount() -> bool:
    return subprocess.run([*NAMESPACE, "mount -t tmpfs none /mnt"], capture_output=True).returncode == 0


@pytest.fixture
def own_mounts() -> None:
    if not may_mount():
        pytest.skip("this machine lets no user mount in a namespace of its own")


@pytest.mark.usefixtures("own_mounts")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("size=4m", "MiB there, and 4 MiB are free; make room or give another folder"),
        ("ro", "cannot be written to; give another folder|Read-only file system"),
    ],
)
def test_a_disk_that_is_full_or_read_only_is_told_before_the_work(maker: Maker, options: str, words: str) -> None:
    maker.policy()
    maker.out.parent.mkdir()
    done = run(maker, "--quiet", before=mounted(options, maker.out.parent))
    assert re.search(words, refused(Called(done.returncode, done.stdout, done.stderr)))


FILLED = """
mount -t tmpfs -o size=120m none "$0" || exit 3
( until ls -d "$0"/.out-* ; do sleep 0.02; done; cat /dev/zero >"$0/ballast" ) >/dev/null 2>&1 &
"$@"
code=$?
kill $! 2>/dev/null
wait
rm -f "$0/ballast"
ls -A "$0" >&2
exit $code
"""


@pytest.mark.usefixtures("own_mounts")
def test_a_disk_that_fills_up_meanwhile_is_told_in_one_line_and_nothing_is_left(maker: Maker) -> None:
    maker.policy()
    maker.out.parent.mkdir()
    done = run(maker, "--quiet", before=(*NAMESPACE, FILLED, str(maker.out.parent)))
    said = refused(Called(done.returncode, done.stdout, done.stderr))
    assert "disk is full; make room and build again" in said or "the disk is full (" in said


def test_a_mount_point_is_refused_before_the_work(maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    maker.out.mkdir(parents=True)
    monkeypatch.setattr(Path, "is_mount", lambda path: path == maker.out)
    assert "is a mount point, which cannot be replaced" in refused(maker.build())
