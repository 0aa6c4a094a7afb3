"""Signed FITs: put together by mkimage, signed here; witnesses are mkimage's own signature and fit_check_sign."""

import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import soft_token
from boot_pieces import EPOCH, MISSING, HeldKey, control_tree, held_key, kernel, pieces
from program import find_program, run_program
from real.roots import PROJECT
from signed_fit import Workshop, copied

from firmward.build import fit as build
from firmward.build.board import board
from firmward.build.fit import FitPieces, signed_fit
from firmward.formats import device_tree, fdt, fit, fit_check, fit_keys
from firmward.formats.fit_keys import KeyRing
from firmward.model.errors import InputError, ToolError, TrustError
from firmward.signing.control_tree import ring
from firmward.signing.fit import Padding, sign, verify

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"{MISSING} missing")
WITNESS = PROJECT / "build" / "cache" / "programs" / "fit_check_sign"


@dataclass(frozen=True)
class Made:
    folder: Path
    fit: Path
    control: Path

    @property
    def keys(self) -> KeyRing:
        found = fit_keys.of_control_tree(device_tree.parse(self.control.read_bytes()))
        assert found is not None
        return found

    def checked(self) -> fit_check.CheckedFit:
        data = self.fit.read_bytes()
        return fit_check.check(lambda offset, size: data[offset : offset + size], len(data), self.keys)

    def boots(self) -> bool:
        """By our reader; U-Boot's must say the same where it is there."""
        found = all(one.accepted and one.accepted_anew for one in self.checked().configurations)
        if WITNESS.exists():
            names = [one.name for one in self.checked().fit.configurations]
            base = (str(WITNESS), "-f", str(self.fit), "-k", str(self.control), "-c")
            assert all(run_program((*base, name)).returncode == 0 for name in names) is found
        return found


def made(folder: Path, key: HeldKey | None = None, *spares: HeldKey, **more: object) -> Made:
    folder.mkdir(exist_ok=True)
    out = Made(folder, folder / "boot.fit", control_tree(folder))
    wanted = pieces(folder, **more)  # type: ignore[arg-type]
    signed_fit(wanted, key or held_key(), [one.public for one in spares], out.control, out.fit, EPOCH)
    return out


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return made(tmp_path_factory.mktemp("fit"), rollback_index=7, description='it\'s "1.0"; /* */')


def copy_of(good: Made, folder: Path) -> Made:
    for path in (good.fit, good.control):
        (folder / path.name).write_bytes(path.read_bytes())
    return Made(folder, folder / good.fit.name, folder / good.control.name)


def test_both_slots_boot_and_all_that_they_boot_is_covered(good: Made) -> None:
    assert good.boots()
    found = good.checked()
    assert [one.configuration.name for one in found.configurations] == ["conf-a", "conf-b"]
    assert found.fit.default == "conf-a"
    for one in found.configurations:
        assert {part.role for part in one.configuration.components} == {"kernel", "fdt", "ramdisk"}
        assert one.is_verified
        assert not one.uncovered
    assert not found.fit.problems
    assert all(not image.image.place.external for image in found.images if image.image.place)


def test_the_configurations_differ_in_the_device_tree_alone(good: Made) -> None:
    one, other = (
        {(part.role, part.image) for part in each.configuration.components} for each in good.checked().configurations
    )
    assert one ^ other == {("fdt", "fdt-a"), ("fdt", "fdt-b")}


def test_the_index_against_rollback_is_a_decimal_text_that_the_signature_covers(good: Made, tmp_path: Path) -> None:
    path = copy_of(good, tmp_path)
    done = run_program(("fdtget", str(path.fit), "/configurations/conf-b", "rollback-index"))
    assert done.stdout == b"7\n"
    data = bytearray(path.fit.read_bytes())
    node = fdt.DeviceTree(lambda offset, size: bytes(data[offset : offset + size])).node("configurations/conf-b")
    place = node and node.property("rollback-index")
    assert place
    data[place.offset] = ord("9")
    path.fit.write_bytes(data)
    assert not path.boots()


def test_mkimage_signs_the_same_bytes_with_the_same_signature(good: Made, tmp_path: Path) -> None:
    """The key goes to it through the memory of this process."""
    path = copy_of(good, tmp_path)
    before = {one.name: one.signatures[0].value for one in good.checked().fit.configurations}
    file = os.memfd_create("key")
    os.write(file, held_key().path.read_bytes())
    command = [find_program("mkimage") or "", "-F", "-G", f"/proc/{os.getpid()}/fd/{file}", str(path.fit)]
    done = run_program(command)
    os.close(file)
    assert done.returncode == 0, done.stderr
    parsed = path.checked().fit
    names = {one.name: one.signatures[0] for one in parsed.configurations}
    assert path.boots()
    assert names["conf-a"].value == before["conf-a"]
    assert names["conf-a"].hashed_nodes == good.checked().fit.configurations[0].signatures[0].hashed_nodes


@pytest.mark.parametrize("image", ["kernel", "fdt-a", "fdt-b", "initramfs"])
def test_one_changed_bit_of_any_part_is_refused(image: str, good: Made, tmp_path: Path) -> None:
    path = copy_of(good, tmp_path)
    place = path.checked().fit.image(image).place  # type: ignore[union-attr]
    assert place is not None
    data = bytearray(path.fit.read_bytes())
    data[place.offset + place.size // 2] ^= 1
    path.fit.write_bytes(data)
    assert not path.boots()
    with pytest.raises(TrustError, match="refuses it"):
        verify(path.fit, path.keys)


def test_no_byte_of_the_frame_can_be_changed_without_being_refused(good: Made, tmp_path: Path) -> None:
    """Of the structure behind the images' data, every third byte: what is not signed must mean nothing."""
    path = copy_of(good, tmp_path)
    data = good.fit.read_bytes()
    tree = device_tree.parse(data)
    last = max(image.place.end for image in good.checked().fit.images if image.place is not None)
    taken = 0
    header = fdt.parse_header(data)
    end = header.strings + header.strings_size
    assert not any(data[end:])
    for at in range(last, end, 3):
        path.fit.write_bytes(data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :])
        try:
            verify(path.fit, path.keys)
        except TrustError:
            continue
        taken += 1
        assert booted(device_tree.parse(path.fit.read_bytes())) == booted(tree), at
    assert taken < (end - last) // 24


def booted(tree: device_tree.Tree) -> dict[str, dict[str, bytes]]:
    """All but what stands beside a signature, which cannot make it hold, and which configuration is taken when none is
    asked for: our boot loader asks for one."""
    left_out = ("/signature-1", "/configurations")
    return {path: dict(node.properties) for path, node in tree.root.walk() if not path.endswith(left_out)}


def unsigned(path: Made) -> None:
    for name in ("conf-a", "conf-b"):
        run_program(("fdtput", "-r", str(path.fit), f"/configurations/{name}/signature-1"))


def emptied(path: Made) -> None:
    value = path.checked().fit.configurations[0].signatures[0].value
    path.fit.write_bytes(path.fit.read_bytes().replace(value, bytes(len(value))))


def mixed(path: Made) -> None:
    """The tree of the other slot, under a signature that is good."""
    run_program(("fdtput", "-t", "s", str(path.fit), "/configurations/conf-a", "fdt", "fdt-b"))


def borrowed(path: Made) -> None:
    copied(Workshop(path.folder), path.fit, "conf-b", "conf-a")


def older(path: Made) -> None:
    run_program(("fdtput", "-t", "s", str(path.fit), "/configurations/conf-a", "rollback-index", "9"))


def elsewhere(path: Made) -> None:
    run_program(("fdtput", "-t", "x", str(path.fit), "/images/kernel", "load", "40500000"))


@pytest.mark.parametrize("attack", [unsigned, emptied, mixed, borrowed, older, elsewhere], ids=lambda one: one.__name__)
def test_what_was_put_together_anew_is_refused(attack: object, good: Made, tmp_path: Path) -> None:
    path = copy_of(good, tmp_path)
    assert path.boots()
    attack(path)  # type: ignore[operator]
    assert not path.boots()
    with pytest.raises(TrustError):
        verify(path.fit, path.keys)


def test_what_another_key_signed_is_refused(good: Made, tmp_path: Path) -> None:
    other = made(tmp_path / "other", held_key("foreign"))
    assert other.boots()
    path = Made(tmp_path, other.fit, good.control)
    assert not path.boots()


def test_the_spare_key_boots_too_when_it_signs_some_day(tmp_path: Path) -> None:
    first = made(tmp_path / "1", held_key(), held_key("spare"))
    later = made(tmp_path / "2", held_key("spare"))
    assert first.boots()
    assert Made(tmp_path, later.fit, first.control).boots()


@pytest.mark.parametrize("bits", [3072, 4096])
def test_larger_keys_sign_too(bits: int, tmp_path: Path) -> None:
    assert made(tmp_path / "large", held_key("boot", bits)).boots()


@pytest.mark.skipif(bool(soft_token.MISSING) or soft_token.MODULE is None, reason="no token in software")
@pytest.mark.parametrize("padding", Padding)
def test_a_key_that_never_leaves_its_token_signs_too(padding: Padding, tmp_path: Path) -> None:
    key = soft_token.TokenKey.made(tmp_path)
    assert "never extractable" in key.access()
    out = Made(tmp_path, tmp_path / "boot.fit", control_tree(tmp_path))
    signed_fit(pieces(tmp_path), key, (), out.control, out.fit, EPOCH, padding=padding)
    assert out.boots()


def test_pss_can_be_asked_for(tmp_path: Path) -> None:
    out = Made(tmp_path, tmp_path / "boot.fit", control_tree(tmp_path))
    signed_fit(pieces(tmp_path), held_key(), (), out.control, out.fit, EPOCH, padding=Padding.PSS)
    assert out.boots()
    assert {made.padding for one in out.checked().fit.configurations for made in one.signatures} == {"pss"}


def test_the_same_pieces_give_the_same_bytes_in_another_folder(tmp_path: Path) -> None:
    one, other = made(tmp_path / "one"), made(tmp_path / "another-folder")
    assert one.fit.read_bytes() == other.fit.read_bytes()
    assert one.control.read_bytes() == other.control.read_bytes()
    assert str(tmp_path).encode() not in one.fit.read_bytes()


def test_the_time_is_the_one_given(good: Made) -> None:
    done = run_program(("fdtget", "-t", "x", str(good.fit), "/", "timestamp"))
    assert int(done.stdout, 16) == EPOCH


def test_the_kernel_is_packed_and_what_it_unpacks_to_is_the_makers(good: Made) -> None:
    image = good.checked().fit.image("kernel")
    assert image is not None
    assert image.place is not None
    assert image.compression == "gzip"
    packed = good.fit.read_bytes()[image.place.offset : image.place.end]
    assert run_program(("gzip", "-dc"), feed=packed).stdout == kernel()


def test_a_text_cannot_become_syntax(good: Made) -> None:
    done = run_program(("fdtget", "-t", "s", str(good.fit), "/", "description"))
    assert done.stdout.decode().strip() == 'it\'s "1.0"; /* */'


def test_without_a_control_tree_the_fit_is_checked_with_the_keys_themselves(tmp_path: Path) -> None:
    signed_fit(pieces(tmp_path), held_key(), (), None, tmp_path / "boot.fit", EPOCH)
    verify(tmp_path / "boot.fit", ring([held_key().public]))


def left_alone(folder: Path, key: object, error: type[Exception], match: str, **more: object) -> None:
    control = control_tree(folder)
    before = control.read_bytes()
    wanted = more.pop("pieces", None) or pieces(folder)
    names = {path.name for path in folder.iterdir()}
    with pytest.raises(error, match=match):
        signed_fit(wanted, key, (), control, folder / "boot.fit", EPOCH, **more)  # type: ignore[arg-type]
    assert control.read_bytes() == before
    assert {path.name for path in folder.iterdir()} == names


def test_a_key_that_the_policy_does_not_name_signs_nothing(tmp_path: Path) -> None:
    key = held_key("foreign")
    declared = [held_key().public, held_key("spare").public]
    left_alone(tmp_path, key, TrustError, r"\[boot\] keys: key .* is none of those", declared=declared)
    assert not key.asked
    signed_fit(pieces(tmp_path), held_key("spare"), (), None, tmp_path / "boot.fit", EPOCH, declared=declared)


class Swapped(HeldKey):
    @property
    def id(self) -> str:
        return held_key("spare").id


class Careless(HeldKey):
    """Signs something else than it was asked to."""

    def sign(self, message: bytes, scheme: object) -> bytes:
        return super().sign(message + b"!", scheme)  # type: ignore[arg-type]


class Short(HeldKey):
    def sign(self, message: bytes, scheme: object) -> bytes:
        return super().sign(message, scheme)[1:]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "match"), [(Swapped, "were mixed up"), (Careless, "refuses it"), (Short, "of 255 bytes where 256")]
)
def test_a_key_that_is_not_what_it_says_leaves_nothing(kind: type[HeldKey], match: str, tmp_path: Path) -> None:
    left_alone(tmp_path, kind(held_key().path), TrustError, match)


def test_where_uboots_own_check_disagrees_nothing_is_left(tmp_path: Path) -> None:
    refusing = tmp_path / "refusing"
    refusing.write_text("#!/bin/sh\necho 'Verifying Hash Integrity ... failed' >&2\nexit 1\n")
    refusing.chmod(0o755)
    left_alone(tmp_path, held_key(), TrustError, "fit_check_sign refuses conf-a: .*failed", witness=refusing)


def test_what_would_be_loaded_over_another_is_named(tmp_path: Path) -> None:
    found = board("qemu-arm64")
    near = replace(found, addresses=replace(found.addresses, initramfs=found.addresses.kernel + 4096))
    wanted = replace(pieces(tmp_path), board=near)
    left_alone(tmp_path, held_key(), InputError, "the kernel has 35000 bytes .* make the kernel smaller", pieces=wanted)


@pytest.mark.parametrize("name", ["kernel", "device_tree", "initramfs"])
def test_a_piece_that_is_not_there_is_named(name: str, tmp_path: Path) -> None:
    wanted: FitPieces = replace(pieces(tmp_path), **{name: tmp_path / "nothing"})
    left_alone(tmp_path, held_key(), InputError, "nothing: No such file", pieces=wanted)


def test_a_missing_program_is_named_with_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = pieces(tmp_path)

    def nowhere(name: str, package: str) -> str:
        raise ToolError(f"{name} is not installed; on Debian: apt install {package}")

    monkeypatch.setattr(build, "found", nowhere)
    left_alone(tmp_path, held_key(), ToolError, "dtc is not installed.*device-tree-compiler", pieces=wanted)


def test_what_is_no_fit_is_neither_signed_nor_verified(tmp_path: Path) -> None:
    path = tmp_path / "boot.fit"
    for data in (b"", b"\xd0\r\xfe\xed" * 20):
        path.write_bytes(data)
        with pytest.raises(TrustError, match=r"boot\.fit: is no FIT that could be signed"):
            sign(path, held_key())
        with pytest.raises(TrustError, match=r"boot\.fit: is no FIT any more"):
            verify(path, ring([held_key().public]))


def test_an_image_of_before_is_replaced_whole(tmp_path: Path) -> None:
    (tmp_path / "boot.fit").write_bytes(b"before")
    out = made(tmp_path)
    assert out.boots()
    assert stat.S_IMODE(out.fit.stat().st_mode) & 0o133 == 0
    assert fit.parse(lambda at, size: out.fit.read_bytes()[at : at + size], out.fit.stat().st_size).default == "conf-a"
