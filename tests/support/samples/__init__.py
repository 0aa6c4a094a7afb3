"""Small real images of every format, made by the format's own tool where there is one.

One format is one module here, named as the format's file in `image/`, with `samples(folder)`: a generator of bytes.
The tests of every format and the fuzzer start from them.
"""

import random
import subprocess
from collections.abc import Iterator
from importlib import import_module, util
from pathlib import Path

import program


class NoProgramError(Exception):
    """An outside program that makes the samples is not installed."""


def samples(module: str, folder: Path) -> Iterator[bytes]:
    """The samples of the format whose file has this name. Raises NoProgramError."""
    found: Iterator[bytes] = import_module(f"samples.{module}").samples(folder)
    return found


def has_samples(module: str) -> bool:
    return util.find_spec(f"samples.{module}") is not None


def run(*words: object, cwd: Path | None = None, feed: bytes = b"") -> bytes:
    """Run an outside program and give its output."""
    path = program.find_program(str(words[0]))
    if path is None:
        raise NoProgramError(f"{words[0]} is not installed")
    done = program.run_program([path, *map(str, words[1:])], cwd=cwd, feed=feed)
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, path, done.stdout, done.stderr)
    return done.stdout


FILES = {
    "bin/tool": random.Random(1).randbytes(40_000) + bytes(60_000) + b"end",
    "etc/passwd": b"root:x:0:0::/:/bin/sh\n",
    "etc/ssh/sshd_config": b"PermitRootLogin no\n" * 500,
    **{f"many/file{number}": b"%d" % number for number in range(60)},
}


def lay_root(folder: Path) -> Path:
    """A small system as a folder, made once."""
    root = folder / "root"
    if not root.is_dir():
        for name, content in FILES.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)
        (root / "var/empty").mkdir(parents=True)
        (root / "bin/sh").symlink_to("tool")
    return root


def made(folder: Path, *commands: tuple[object, ...]) -> bytes:
    """What commands leave at `folder/out`; the word `OUT` stands for it."""
    out = folder / "out"
    out.unlink(missing_ok=True)
    for command in commands:
        run(*(out if word == "OUT" else word for word in command), cwd=folder)
    return out.read_bytes()
