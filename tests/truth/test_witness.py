"""The programs themselves say of the planted systems what the truth says of them."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from truth.row import Mistake, Truth, Witness

from firmward.model.memory import Content, Node
from firmward.model.tree import Kind
from truth import accuracy

WITNESSED = [
    pytest.param(system, mistake, id=f"{system.name}-{mistake.check}-{mistake.where}")
    for system in accuracy.systems()
    for mistake in system.mistakes
    if mistake.witness is not None
]


def lay(files: Mapping[str, Content], folder: Path) -> None:
    """Plain files and links; owners and devices are not needed."""
    for path, content in files.items():
        node = content if isinstance(content, Node) else Node(content)
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if node.kind is Kind.DIRECTORY:
            place.mkdir(exist_ok=True)
        elif node.target is not None:
            place.symlink_to(node.target)
        elif node.kind is Kind.FILE:
            data = node.content if isinstance(node.content, bytes) else node.content.encode()
            place.write_bytes(data)
            place.chmod(node.mode & 0o777)


def said(witness: Witness, files: Mapping[str, Content], folder: Path) -> str:
    lay(files, folder)
    command = [word.replace("{root}", str(folder)) for word in witness.command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=folder, errors="replace")
    return done.stdout + done.stderr


@pytest.mark.parametrize(("system", "mistake"), WITNESSED)
def test_the_program_says_so_itself(system: Truth, mistake: Mistake, tmp_path: Path) -> None:
    witness = mistake.witness
    assert witness is not None
    if shutil.which(witness.command[0], path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin") is None:
        pytest.skip(f"{witness.command[0]} is not here ({witness.package})")
    assert re.search(witness.says, said(witness, system.planted, tmp_path / "planted"), re.MULTILINE)
    assert not re.search(witness.says, said(witness, system.clean, tmp_path / "clean"), re.MULTILINE)
