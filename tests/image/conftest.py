"""A small root file system on disk, and the outside programs that pack it."""

import os
import random
from collections.abc import Callable
from pathlib import Path

import program
import pytest

from firmward.image.opening import Image, open_image

Tool = Callable[..., bytes]


@pytest.fixture
def tool() -> Tool:
    """Run a program and give its output; the test is skipped when the program is not installed."""

    def call(*words: object, cwd: Path | None = None, stdin: bytes = b"") -> bytes:
        path = program.find_program(str(words[0]))
        if path is None:
            pytest.skip(f"{words[0]} is not installed")
        done = program.run_program([path, *map(str, words[1:])], feed=stdin, cwd=cwd)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    return call


@pytest.fixture
def rootfs(tmp_path: Path) -> Path:
    """A system with a hard link, links, modes, an empty file, and a name that is not UTF-8."""
    root = tmp_path / "rootfs"
    for folder in ("etc/init.d", "bin", "usr/lib", "boot", "empty"):
        (root / folder).mkdir(parents=True)
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (root / "etc/shadow").write_text("root:!:19000:0:99999:7:::\n")
    (root / "etc/shadow").chmod(0o600)
    (root / "bin/busybox").write_bytes(b"\x7fELF" + random.Random(1).randbytes(180_000))
    (root / "bin/busybox").chmod(0o4755)
    os.link(root / "bin/busybox", root / "bin/hard")
    (root / "bin/sh").symlink_to("busybox")
    (root / "etc/nothing").touch()
    (root / "etc/outside").symlink_to("../../../../etc/passwd")
    Path(os.fsdecode(bytes(root) + b"/etc/caf\xe9")).write_text("latin-1\n")
    (root / ("usr/lib/" + "long" * 40)).write_text("a long name\n")
    return root


@pytest.fixture
def only(tmp_path: Path) -> Callable[[bytes], Image]:
    """Open bytes as an image."""

    def call(data: bytes) -> Image:
        path = tmp_path / "image.bin"
        path.write_bytes(data)
        return open_image(path)

    return call
