"""Control trees with keys, beside what mkimage writes for the same key."""

from pathlib import Path

import pytest
from boot_pieces import MISSING, compiled, held_key
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from signed_fit import Signing, Workshop

from firmward.formats import device_tree, fit_keys
from firmward.model.errors import InputError
from firmward.signing.control_tree import algorithm, boot_key, ring, with_keys
from firmward.signing.public_half import key_id

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"{MISSING} missing")
BARE = '/dts-v1/; / { model = "control"; config { bootsecure = <1>; }; };'


@pytest.mark.parametrize(("key", "bits", "digest"), [("dev", 2048, "sha256"), ("big", 4096, "sha256")])
def test_a_key_is_written_as_mkimage_writes_it(key: str, bits: int, digest: str, tmp_path: Path) -> None:
    workshop = Workshop.at(tmp_path)
    _, control = workshop.made(Signing(f"{digest},rsa{bits}", key=key))
    (by_mkimage,) = device_tree.parse(control).root.children[0].children
    held = held_key("unused")
    public = type(held)(tmp_path / "keys" / f"{key}.key").public
    (holder,) = device_tree.parse(with_keys(compiled("/dts-v1/; / { };"), [public])).root.children
    (ours,) = holder.children
    names = {"key-name-hint": key_id(public).encode() + b"\0"}
    assert dict(ours.properties) == {**by_mkimage.properties, **names}
    assert ours.name == f"key-{key_id(public)}"


def test_active_and_spare_are_required_and_one_is_enough() -> None:
    keys = [held_key(name).public for name in ("boot", "spare")]
    found = fit_keys.of_control_tree(device_tree.parse(with_keys(compiled(BARE), keys)))
    assert found == ring(keys)
    assert found.any_is_enough
    assert [key.name for key in found.required("conf")] == [key_id(key) for key in keys]


def test_a_key_of_before_is_not_known_any_more() -> None:
    first = with_keys(compiled(BARE), [held_key("boot").public])
    again = with_keys(first, [held_key("spare").public])
    assert [key.name for key in fit_keys.of_control_tree(device_tree.parse(again)).keys] == [held_key("spare").id]  # type: ignore[union-attr]
    assert again == with_keys(compiled(BARE), [held_key("spare").public])


def test_what_else_the_tree_says_stays_and_there_is_room() -> None:
    data = with_keys(compiled(BARE), [held_key("boot").public])
    tree = device_tree.parse(data)
    assert tree.root.text("model") == "control"
    assert tree.node("/config").cells("bootsecure") == (1,)  # type: ignore[union-attr]
    assert data.endswith(bytes(4096))


def test_a_spare_that_is_the_active_one_stands_there_once() -> None:
    key = held_key("boot").public
    assert len(ring([key, key]).keys) == 1


@pytest.mark.parametrize(
    "public",
    [rsa.generate_private_key(65537, 1024).public_key(), ec.generate_private_key(ec.SECP256R1()).public_key()],
    ids=["small", "curve"],
)
def test_a_key_that_uboot_does_not_verify_with_is_refused(public: rsa.RSAPublicKey) -> None:
    with pytest.raises(InputError, match="RSA of 2048, 3072, 4096 bits alone"):
        boot_key(public)


def test_the_algorithm_tells_the_size() -> None:
    assert algorithm(held_key("boot", 3072).public) == "sha256,rsa3072"


def test_what_is_no_tree_is_named() -> None:
    with pytest.raises(InputError, match="control tree is no flattened device tree"):
        with_keys(b"x" * 100, [held_key("boot").public])
