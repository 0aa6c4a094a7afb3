"""Which boot loader a device has."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from played_disk import PlayedDisk
from update_made import IDENTITY

from firmward.build.client import modules
from firmward.formats.canonical_json import encode
from firmward.model.errors import InputError
from firmward.trust.store import Store
from firmward.update import identity
from firmward.update.bootloaders import bootloader, choice
from firmward.update.bootloaders.choice import boot_loader, names
from firmward.update.bootloaders.surroundings import Surroundings
from firmward.update.program import run

OWN = PlayedDisk.of({"state": bytes(8704)})


def around(top: Path, disk: PlayedDisk = OWN) -> Surroundings:
    return Surroundings("a", disk, Store(top / "state"), run, top)


def test_each_file_is_a_loader() -> None:
    assert names() == ("barebox", "fw-setenv", "grub", "systemd-boot", "tryboot", "uboot-state")


@pytest.mark.parametrize("name", names())
def test_each_has_its_adapter_and_says_what_it_is_or_what_it_lacks(name: str, tmp_path: Path) -> None:
    def said() -> str:
        try:
            loader = boot_loader(name, around(tmp_path))
        except InputError as error:
            return str(error)
        return f"{loader.name}{bootloader.restart_argument(loader)}"

    assert said().isprintable()


def test_without_a_name_it_is_our_own_where_its_partition_is(tmp_path: Path) -> None:
    assert boot_loader("", around(tmp_path)).state().next == "a"
    with pytest.raises(InputError, match=r"names no boot_loader.* barebox, fw-setenv"):
        boot_loader("", around(tmp_path, PlayedDisk({})))


def test_a_disk_that_fails_has_our_own(tmp_path: Path) -> None:
    failing = PlayedDisk({}, fails=0)
    assert boot_loader("", around(tmp_path, failing)).name == boot_loader("uboot-state", around(tmp_path)).name


@pytest.mark.parametrize("name", ["choice", "bootloader", "surroundings", "__init__", "../x", "os.path", "UBOOT", " "])
def test_what_is_no_loader_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is none of barebox"):
        boot_loader(name, around(tmp_path))


def table(**more: object) -> bytes:
    known = {
        "product": IDENTITY.product,
        "board": IDENTITY.board,
        "channel": IDENTITY.channel,
        "version": IDENTITY.version,
        "rollback_index": 1,
        "built": 1,
    }
    return encode(known | more)  # type: ignore[arg-type]


def test_the_image_names_it() -> None:
    assert identity.parse(table()).boot_loader == ""
    assert identity.parse(table(boot_loader=None)).boot_loader == ""
    assert identity.parse(table(boot_loader="fw-setenv")).boot_loader == "fw-setenv"
    for wrong in ("Fw", "../fw", "a" * 65, 3):
        with pytest.raises(InputError, match="boot_loader"):
            identity.parse(table(boot_loader=wrong))


def test_it_is_found_in_what_lies_on_the_device_too(tmp_path: Path) -> None:
    for path, text in modules.sources().items():
        place = tmp_path / "firmward" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    program = (
        "import sys; sys.path.append(sys.argv[1]); from pathlib import Path\n"
        "from firmward.update.bootloaders.choice import boot_loader, names\n"
        "from firmward.update.bootloaders.surroundings import Surroundings\n"
        "from firmward.update.program import run\n"
        "from firmward.trust.store import Store\n"
        "print(*names(), boot_loader('barebox', Surroundings('a', None, Store(Path('/')), run)).name)\n"
        "try: print(run(('cat',), b'fed'))\n"
        "except BaseException as error: print(repr(error))\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", program, str(tmp_path)], capture_output=True, text=True
    )
    assert done.stdout == f"{' '.join(choice.names())} barebox, by barebox-state\nfed\n", done.stderr
    shutil.rmtree(tmp_path / "firmward")
