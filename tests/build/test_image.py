"""A build is whole or not at all, is the same wherever it is made, and begins with what may be refused."""

import contextlib
import os
import resource
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import signed_camera
from signed_camera import order, quiet, with_words

from firmward.build import built, image, place, statement
from firmward.formats import boot_state, device_tree, fit_check
from firmward.formats.fit_keys import of_control_tree
from firmward.model.errors import InputError, TrustError
from firmward.signing.key_store import KeyStore
from firmward.signing.role import Role


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # hard links into the camera's folder have to stay on its file system
    return signed_camera.small(tmp_path_factory.mktemp("inputs", numbered=True))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return signed_camera.store(tmp_path_factory.mktemp("store") / "keys")


@pytest.fixture(scope="module")
def made(inputs: Path, store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made") / "out"
    image.build(order(store, base=inputs), out, quiet)
    return out


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_folder_has_what_its_record_says_and_the_record_is_signed(made: Path, store: Path) -> None:
    found = statement.read(made, KeyStore.open(store).public(Role.ROOTFS), 1)
    assert list(statement.differences(made, found)) == []
    names = {file.path for file in found.files}
    assert names == {
        "boot/control.dtb", "boot/u-boot.bin", "boot/u-boot.config", "device.toml", "disk.img", "slot/boot.fit",
        "slot/root.img",
    }  # fmt: skip


def test_both_slots_hold_what_was_signed_and_the_state_is_fresh(made: Path) -> None:
    found = built.read(made)
    disk = (made / "disk.img").read_bytes()
    for slot in built.SLOTS:
        for name, file in ((f"boot_{slot}", "boot.fit"), (f"root_{slot}", "root.img")):
            content, where = (made / "slot" / file).read_bytes(), found.partition(name)
            assert disk[where.start : where.start + len(content)] == content
    at = found.partition("state").start
    state = boot_state.parse(disk[at : at + 8192 + 512]).state
    assert state is not None
    assert (state.active, state.a_left, state.b_left, state.a_good) == ("a", 3, 3, False)


def test_the_fit_is_signed_in_each_configuration_and_the_control_tree_requires_the_key(made: Path) -> None:
    def read(offset: int, length: int) -> bytes:
        return content[offset : offset + length]

    content = (made / "boot" / "control.dtb").read_bytes()
    ring = of_control_tree(device_tree.parse(content))
    content = (made / "slot" / "boot.fit").read_bytes()
    checked = fit_check.check(read, len(content), ring)
    assert [one.configuration.name for one in checked.configurations] == ["conf-a", "conf-b"]
    for one in checked.configurations:
        assert [made.state for made in one.signatures] == [fit_check.SignatureState.VERIFIED]


def test_the_same_inputs_give_the_same_bytes_wherever_and_whenever(
    made: Path, inputs: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "a folder with blanks" / "deeper"
    elsewhere.mkdir(parents=True)
    monkeypatch.chdir(elsewhere)
    for name, value in {"TZ": "Asia/Kolkata", "LC_ALL": "C", "TMPDIR": str(elsewhere), "HOME": "/nowhere"}.items():
        monkeypatch.setenv(name, value)
    before = os.umask(0o077)
    try:
        image.build(order(store, base=inputs), elsewhere / "out", quiet)
    finally:
        os.umask(before)
    first, second = bytes_of(made), bytes_of(elsewhere / "out")
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_nothing_in_the_folder_names_this_machine(made: Path, inputs: Path) -> None:
    words = [str(inputs).encode(), str(Path.cwd()).encode(), str(made).encode()]
    for name, content in bytes_of(made).items():
        assert [word for word in words if word in content] == [], name


def test_an_earlier_build_is_replaced_and_anything_else_is_left_alone(
    inputs: Path, store: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    image.build(order(store, base=inputs), out, quiet)
    before = (out / "build.json").stat().st_ino
    image.build(order(store, base=inputs), out, quiet)
    assert (out / "build.json").stat().st_ino != before
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="holds other things"):
        image.build(order(store, base=inputs), other, quiet)
    assert (other / "thesis.txt").read_text() == "mine"
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is not a folder"):
        place.check(tmp_path / "file")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"slot_size": '"8M"'}, "slot_size"),
        ({"boot_size": '"1M"'}, "boot_size"),
        ({"data_size": '"8M"'}, "data_size"),
    ],
)
def test_what_is_too_big_for_its_place_is_told_and_nothing_is_left(
    inputs: Path, store: Path, tmp_path: Path, changes: dict[str, str], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        image.build(order(store, with_words(**changes), inputs), tmp_path / "out", quiet)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_signed_before_all_of_it_fits(
    inputs: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = order(store, with_words(boot_size='"1M"'), inputs)
    signed: list[bytes] = []
    monkeypatch.setattr(type(asked.keys.key), "sign", lambda self, message, scheme: signed.append(message))
    with pytest.raises(InputError, match="boot_size"):
        image.build(asked, tmp_path / "out", quiet)
    assert signed == []


def test_a_key_that_the_policy_does_not_name_signs_nothing(inputs: Path, store: Path, tmp_path: Path) -> None:
    from dataclasses import replace

    asked = order(store, base=inputs)
    other = KeyStore.open(signed_camera.store(tmp_path / "other")).public(Role.BOOT)
    with pytest.raises(TrustError, match=r"\[boot\] keys"):
        image.build(replace(asked, keys=replace(asked.keys, declared=other)), tmp_path / "out", quiet)
    assert not (tmp_path / "out").exists()


def test_a_build_that_fails_leaves_the_earlier_one_as_it_was(
    made: Path, inputs: Path, store: Path, tmp_path: Path
) -> None:
    import shutil

    out = tmp_path / "out"
    shutil.copytree(made, out)
    before = bytes_of(out)
    with pytest.raises(InputError):
        image.build(order(store, with_words(slot_size='"8M"'), inputs), out, quiet)
    assert bytes_of(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_full_disk_is_one_line_and_nothing_is_left(inputs: Path, store: Path, tmp_path: Path) -> None:
    with limited(20 << 20), pytest.raises(InputError, match="disk is full"):
        image.build(order(store, base=inputs), tmp_path / "out", quiet)
    assert list(tmp_path.iterdir()) == []


@contextlib.contextmanager
def limited(size: int) -> Iterator[None]:
    """No file of this process becomes larger; what is refused is EFBIG, as a full disk's quota is EDQUOT."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


def test_a_build_that_is_interrupted_leaves_nothing(inputs: Path, store: Path, tmp_path: Path) -> None:
    def interrupted(at: str) -> Callable[[str], None]:
        def tell(message: str) -> None:
            if message.startswith(at):
                raise KeyboardInterrupt

        return tell

    for step in ("data partition", "initramfs", "disk"):
        with pytest.raises(KeyboardInterrupt):
            image.build(order(store, base=inputs), tmp_path / "out", interrupted(step))
        assert list(tmp_path.iterdir()) == []


def test_a_private_key_in_the_root_is_refused(inputs: Path, store: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "etc" / "key.pem").write_bytes(next((store / "private").iterdir()).read_bytes())
    with pytest.raises(InputError, match=r"etc/key\.pem"):
        order(store, with_words(rootfs=f'"{root}"'), inputs)
