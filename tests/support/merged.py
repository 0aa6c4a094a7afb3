"""Fragments merged into configurations: as text alone, and by a tree's own merge_config.sh and Kconfig."""

import re
import subprocess
from pathlib import Path

LINE = re.compile(r"CONFIG_\w+=|# CONFIG_\w+ is not set$")


def merged(text: str, fragment: str) -> str:
    """As merge_config.sh does, before Kconfig looks at it."""
    told = {option(line) for line in asked(fragment)}
    return "".join(f"{line}\n" for line in text.splitlines() if option(line) not in told) + fragment


def asked(fragment: str) -> list[str]:
    """Its lines without comments."""
    return [line for line in fragment.splitlines() if LINE.match(line)]


def option(line: str) -> str:
    return line.removeprefix("# ").partition("=")[0].partition(" ")[0]


def run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stderr[-1500:]


def kept(source: Path, command: list[str], output: Path, fragment: str) -> str:
    """What is left of a fragment over the `.config` in `output`; `command` is the tree's make."""
    (output / "fragment").write_text(fragment)
    merge = str(source / "scripts/kconfig/merge_config.sh")
    run(["sh", merge, "-m", "-O", str(output), str(output / ".config"), str(output / "fragment")], source)
    run([*command, "olddefconfig"], source)
    return (output / ".config").read_text()


def lost(fragment: str, configuration: str) -> set[str]:
    """The lines that Kconfig did not keep; what is off may be gone."""
    lines = frozenset(configuration.splitlines())
    on = {option(line) for line in lines if not line.startswith("#")}
    return {line for line in asked(fragment) if (option(line) in on if line.startswith("#") else line not in lines)}
