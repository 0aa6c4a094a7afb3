"""FITs that an attacker makes of a maker's: each one boots where nothing is required, and is refused by the key."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from boot_pieces import EPOCH, MISSING, control_tree, held_key, pieces

from firmward.build.fit import signed_fit
from firmward.formats import fit_check
from firmward.formats.fit_check import CheckedConfiguration, CheckedFit, CheckedImage, HashState, SignatureState
from firmward.formats.fit_keys import KeyRing
from firmward.formats.malformed import Malformed
from firmward.lab.attack.fit_extra_loadable import with_another
from firmward.lab.attack.fit_foreign_key import his_key
from firmward.lab.attack.fit_hash_ignored import unchecked
from firmward.lab.attack.fit_hashed_nodes import relisted
from firmward.lab.attack.fit_load_address import elsewhere
from firmward.lab.attack.fit_mix_and_match import mixed
from firmward.lab.attack.fit_two_of_a_name import doubled
from firmward.lab.means import fit_tree
from firmward.lab.means.fit_tree import FitTree
from firmward.lab.means.loader_memory import Overlay
from firmward.signing import fit as signing
from firmward.signing.control_tree import ring

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"{MISSING} missing")
HIS = b"his own bytes, which are longer than nothing"
OVER = Overlay(0x4FF00000, HIS)


@dataclass(frozen=True)
class Signed:
    path: Path
    keys: KeyRing

    @property
    def tree(self) -> FitTree:
        return fit_tree.opened(self.path.read_bytes())


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Signed:
    folder = tmp_path_factory.mktemp("fit")
    signed_fit(pieces(folder), held_key(), (), control_tree(folder), folder / "boot.fit", EPOCH)
    return Signed(folder / "boot.fit", ring([held_key().public]))


def checked(data: bytes, keys: KeyRing) -> CheckedFit:
    return fit_check.check(lambda offset, size: data[offset : offset + size], len(data), keys)


def chosen(found: CheckedFit) -> CheckedConfiguration:
    one = found.configuration("conf-a")
    assert one is not None
    return one


def booted(found: CheckedFit) -> list[CheckedImage]:
    """By a boot loader that takes the first of a name."""
    images = [found.image(one.image) for one in chosen(found).configuration.components]
    return [one for one in images if one is not None]


def content(data: bytes, image: CheckedImage) -> bytes:
    place = image.image.place
    assert place is not None
    return data[place.offset : place.end]


MADE: dict[str, Callable[[FitTree], FitTree]] = {
    "a checksum that is mended": lambda tree: tree.with_content("ramdisk", HIS),
    "a checksum that is ignored": lambda tree: unchecked(tree, HIS),
    "two images of a name": lambda tree: doubled(tree, HIS),
    "another list of nodes": lambda tree: relisted(tree, HIS),
    "another's signature": lambda tree: mixed(tree, HIS),
    "another place in memory": lambda tree: elsewhere(tree, OVER),
    "one image more": lambda tree: with_another(tree, OVER),
}


@pytest.mark.parametrize("cut", [False, True], ids=["whole", "one slot's"])
def test_what_is_not_changed_stays_signed(cut: bool, signed: Signed) -> None:
    tree = signed.tree.of_one_slot() if cut else signed.tree
    found = checked(tree.to_bytes(), signed.keys)
    assert len(found.configurations) == (1 if cut else 2)
    for one in found.configurations:
        assert one.is_verified
        assert one.accepted
        assert one.accepted_anew
    assert not found.fit.problems


@pytest.mark.parametrize("name", MADE)
def test_without_a_key_it_boots_what_the_attacker_put_there(name: str, signed: Signed) -> None:
    data = MADE[name](signed.tree).to_bytes()
    images = booted(checked(data, KeyRing()))
    assert HIS in [content(data, one) for one in images]
    assert {"kernel", "ramdisk", "fdt"} <= {
        one.role for one in chosen(checked(data, KeyRing())).configuration.components
    }
    states = {made.state for one in images for made in one.hashes}
    assert states <= {HashState.MATCHES, HashState.IGNORED}
    assert all(one.hashes for one in images)


@pytest.mark.parametrize("name", MADE)
def test_with_the_key_it_is_refused(name: str, signed: Signed) -> None:
    assert not chosen(checked(MADE[name](signed.tree).to_bytes(), signed.keys)).accepted_anew


def test_a_boot_loader_that_believes_the_list_boots_what_is_not_on_it(signed: Signed) -> None:
    """As U-Boot's did until 2026: the attack is no idle one."""
    one = chosen(checked(relisted(signed.tree, HIS).to_bytes(), signed.keys))
    assert one.accepted
    assert not one.accepted_anew


def test_the_end_of_a_node_straight_behind_what_is_listed_is_signed_too(signed: Signed) -> None:
    """As fit_check_sign of U-Boot 2023.01 had it: it refuses the same attack without the node between."""
    made = relisted(signed.tree, HIS).changed(lambda node: replace(node, children=node.children[:1]), "images", "aside")
    assert not chosen(checked(made.to_bytes(), signed.keys)).accepted


def test_a_borrowed_signature_holds_for_the_configuration_that_it_was_made_for(signed: Signed) -> None:
    """Only who looks whether the configuration is among the nodes finds out."""
    found = checked(mixed(signed.tree, HIS).to_bytes(), signed.keys)
    other = found.configuration("conf-b")
    assert [made.state for made in chosen(found).signatures] == [SignatureState.ELSEWHERE]
    assert other is not None
    assert [made.state for made in other.signatures] == [SignatureState.VERIFIED]


def test_one_image_more_is_loaded_beside_all_that_the_maker_signed(signed: Signed) -> None:
    before, after = (
        {(one.role, one.image) for one in chosen(checked(tree.to_bytes(), signed.keys)).configuration.components}
        for tree in (signed.tree, with_another(signed.tree, OVER))
    )
    assert after - before == {("loadables", "another")}
    assert before < after


def test_the_attackers_signature_is_refused_by_the_makers_key_alone(signed: Signed, tmp_path: Path) -> None:
    """It has the name of the maker's, and holds for whoever has the attacker's key."""
    tree = signed.tree.of_one_slot().with_content("ramdisk", HIS)
    key, path = his_key(tree), tmp_path / "his.fit"
    path.write_bytes(tree.to_bytes())
    signing.sign(path, key)
    data = path.read_bytes()
    assert not chosen(checked(data, signed.keys)).accepted
    assert chosen(checked(data, ring([key.public]))).accepted_anew  # type: ignore[list-item]
    hints = {made.signature.key_hint for made in chosen(checked(data, signed.keys)).signatures}
    assert hints == {key.name for key in signed.keys.keys}


def test_what_is_no_fit_of_a_build_is_told(signed: Signed) -> None:
    tree = signed.tree
    outside = tree.changed(fit_tree.without_content, "images", "initramfs")
    for call in (
        lambda: tree.image_of("fpga"),
        lambda: tree.changed(fit_tree.without_content, "images", "nothing"),
        lambda: outside.content_of("ramdisk"),
        lambda: mixed(tree.of_one_slot(), HIS),
        lambda: fit_tree.checksum("shake_128", b""),
        lambda: fit_tree.checksum("rot13", b""),
    ):
        with pytest.raises(Malformed):
            call()
