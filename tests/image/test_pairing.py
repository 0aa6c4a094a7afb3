"""What belongs to which root: the nearest, and none where several are equally near."""

from firmward.image.pairing import paired
from firmward.model.report import Part, Role


def belongs(*parts: tuple[str, Role, str | None]) -> dict[str, str | None]:
    made = [Part(id_, "x", role=role, same_as=same) for id_, role, same in parts]
    return {part.id: part.belongs_to for part in paired(made)}


def test_in_a_builds_output_all_goes_with_its_root() -> None:
    found = belongs(
        ("image/Image", Role.KERNEL, None),
        ("image/board.dtb", Role.DEVICE_TREE, None),
        ("image/rootfs.squashfs", Role.ROOT, None),
        ("image/rootfs.tar", Role.ROOT, "image/rootfs.squashfs"),
    )
    assert found["image/Image"] == found["image/board.dtb"] == "image/rootfs.squashfs"
    assert found["image/rootfs.squashfs"] is None


def test_a_configuration_in_a_slot_goes_with_that_slot() -> None:
    found = belongs(
        ("image/a", Role.ROOT, None),
        ("image/b", Role.ROOT, None),
        ("image/b/boot/config-6.1", Role.KERNEL_CONFIG, None),
        ("image/boot/Image", Role.KERNEL, None),
    )
    assert found["image/b/boot/config-6.1"] == "image/b"
    assert found["image/boot/Image"] is None, "two slots share it"


def test_without_a_root_nothing_belongs() -> None:
    assert belongs(("image/Image", Role.KERNEL, None)) == {"image/Image": None}


def test_what_was_given_goes_with_a_given_root_or_else_with_the_only_one() -> None:
    image = (("image/rootfs", Role.ROOT, None), ("image/Image", Role.KERNEL, None))
    given = ("given/kernel-config", Role.KERNEL_CONFIG, None)
    assert belongs(*image, given)["given/kernel-config"] == "image/rootfs"
    assert belongs(*image, given, ("image/other", Role.ROOT, None))["given/kernel-config"] is None, "there are two"
    both = belongs(*image, given, ("given/rootfs", Role.ROOT, None))
    assert both["given/kernel-config"] == "given/rootfs"
    assert both["image/Image"] == "image/rootfs"


def test_an_image_without_a_root_goes_with_the_one_that_was_given() -> None:
    found = belongs(("image/Image", Role.KERNEL, None), ("given/rootfs", Role.ROOT, None))
    assert found["image/Image"] == "given/rootfs"
