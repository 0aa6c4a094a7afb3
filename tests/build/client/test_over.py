"""Files put over a root: where they lie, and what goes."""

import io
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from firmward.build import tar_stream
from firmward.build.client.over import Over
from firmward.build.trees import FOLDER, open_tree
from firmward.model.errors import InputError
from firmward.model.memory import MemoryTree, Node, link

EPOCH = 1_700_000_000


def over(below: dict[str, str | Node], *paths: str) -> Over:
    return Over(MemoryTree(below), dict.fromkeys(paths, (b"new", 0o644)), (), EPOCH)


def test_files_lie_where_links_lead() -> None:
    tree = over({"usr/lib": link("../lib"), "lib/old": "x"}, "usr/lib/firmward/a")
    assert tree.read("usr/lib/firmward/a") == b"new"
    assert tree.lstat("usr/lib") == MemoryTree({"usr/lib": link("../lib")}).lstat("usr/lib")
    assert tree.names("lib") == ("firmward", "old")


@pytest.mark.parametrize("there", [{"usr/lib": "a file"}, {"usr/lib": link("nowhere")}])
def test_there_has_to_be_a_place(there: dict[str, str | Node]) -> None:
    with pytest.raises(InputError, match=r"^/usr/lib is a .*, and the update client goes below it"):
        over(there, "usr/lib/firmward/a")


def test_a_folder_of_this_machine_takes_them_too(tmp_path: Path) -> None:
    (tmp_path / "usr").mkdir()
    (tmp_path / "usr/old").write_text("old")
    given = open_tree(tmp_path)
    assert given.kind == FOLDER
    out = io.BytesIO()
    tree = Over(given.tree, {"usr/lib/firmward/a": (b"new", 0o644)}, (), EPOCH)
    tar_stream.write(replace(given, tree=tree), out, EPOCH)
    with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as archive:
        found = {member.name: member for member in archive}
        content = archive.extractfile("usr/lib/firmward/a")
        assert content is not None
        assert content.read() == b"new"
    assert list(found) == ["usr", "usr/lib", "usr/lib/firmward", "usr/lib/firmward/a", "usr/old"]


def test_what_lay_in_an_owned_folder_goes_altogether() -> None:
    below = MemoryTree({"usr/lib/firmward/old.py": "", "usr/lib/firmward-other": "", "usr/lib/firmward/new.py": "old"})
    tree = Over(below, {"usr/lib/firmward/new.py": (b"new", 0o600)}, ("usr/lib/firmward",), EPOCH)
    assert [entry.path for entry in tree.entries()] == [
        *("usr", "usr/lib", "usr/lib/firmward", "usr/lib/firmward/new.py", "usr/lib/firmward-other")
    ]
    found = tree.lstat("usr/lib/firmward/new.py")
    assert found is not None
    assert (tree.read(found.path), found.mode, found.mtime) == (b"new", 0o600, EPOCH)
