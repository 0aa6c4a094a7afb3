"""Which files of an initramfs are read as scripts."""

import pytest

from firmward.facts import early_scripts
from firmward.model.facts import Unavailable
from firmward.model.memory import Content, MemoryTree, executable, link


def test_scripts_and_settings_are_read_wherever_they_lie() -> None:
    files: dict[str, Content] = {
        "init": executable("#!/bin/sh\n"),
        "scripts/local-top/crypt": executable("#!/bin/sh\n"),
        "usr/share/dm-verity.env": "ROOT_HASH=x\n",
    }
    found = [script.path for script in early_scripts.early_scripts(MemoryTree(files), "image/initramfs")]
    assert sorted(found) == sorted(files)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("bin/busybox", executable(b"\x7fELF veritysetup")),
        ("lib/libverity.so.1", "verity"),
        ("lib/modules/6.1/modules.builtin", "kernel/drivers/md/dm-verity.ko\n"),
        ("lib/modules/6.1/dm-verity.ko.xz", "verity"),
        ("etc/modules", "dm-verity\n"),
        ("lib/firmware/radio.bin", "openssl"),
        ("sbin/empty", ""),
        ("sbin/link", link("/init")),
        ("sbin/large", "#" * (early_scripts.SCRIPT_LIMIT + 1)),
    ],
)
def test_programs_and_lists_of_modules_are_no_scripts(path: str, content: Content) -> None:
    assert list(early_scripts.early_scripts(MemoryTree({path: content}), "image/initramfs")) == []


def test_more_files_than_are_looked_at_is_not_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(early_scripts, "SCRIPTS", 2)
    tree = MemoryTree({f"scripts/{number}": "x" for number in range(3)})
    with pytest.raises(Unavailable, match="image/initramfs has more than 2 files"):
        list(early_scripts.early_scripts(tree, "image/initramfs"))
