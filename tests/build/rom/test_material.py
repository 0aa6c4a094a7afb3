"""An audit of a build reads what the device gets of the boot loader, and none of what a maker's tool works on."""

from pathlib import Path

from firmward.build.rom.material import material


def folder(place: Path, *names: str) -> Path:
    for name in names:
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).touch()
    return place


def test_before_the_makers_tool_ran_the_boot_loader_is_the_one_that_was_given(tmp_path: Path) -> None:
    found = material(folder(tmp_path, "boot/SPL", "boot/control.dtb", "rom/boot-loader.bin", "rom/payload.bin"))
    assert found.paths == {"rom/boot-loader.bin", "rom/payload.bin"}
    assert found.signed is None
    assert found.notes == ()


def test_after_it_the_signed_one_stands_for_all_others(tmp_path: Path) -> None:
    names = ("boot/u.imx", "boot/control.dtb", "rom/boot-loader.bin", "rom/srk-fuses.bin", "rom/signed.imx")
    found = material(folder(tmp_path, *names))
    assert found.paths == {"boot/u.imx", "rom/boot-loader.bin", "rom/srk-fuses.bin"}
    assert found.signed == "rom/signed.imx"
    assert found.notes == ("rom/signed.imx is what the boot ROM starts; left out was what it was made of: boot/u.imx",)


def test_the_digest_of_the_fuses_is_no_boot_loader(tmp_path: Path) -> None:
    assert material(folder(tmp_path, "boot/u.imx", "rom/srk-fuses.bin")).signed is None


def test_a_build_for_a_board_whose_rom_asks_for_nothing_is_read_whole(tmp_path: Path) -> None:
    assert material(folder(tmp_path, "boot/u-boot.bin", "boot/control.dtb")).paths == frozenset()
