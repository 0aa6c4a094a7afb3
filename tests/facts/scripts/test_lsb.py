"""What Debian's OpenRC reads in the header of SysV's scripts, and its own program as the witness of it."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from firmward.facts.scripts import lsb
from firmward.model.folder import FolderTree
from firmward.model.memory import MemoryTree
from real import roots, started

TREE = MemoryTree(
    {
        "etc/insserv.conf": "# facilities\n$local_fs\t+mountall +umountfs\n$remote_fs $local_fs +mountnfs\n<x> y\n",
        "etc/insserv.conf.d/rpcbind": "$portmap rpcbind\n",
        "etc/insserv.conf.d/loop": "$a $b one\n$b $a two\n",
    }
)


def script(required: str, *more: str) -> str:
    lines = (f"# Required-Start: {required}", *(f"# {line}" for line in more))
    return "\n".join(("#!/bin/sh", "### BEGIN INIT INFO", *lines, "### END INIT INFO", ""))


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        (script("dnsmasq urandom"), ["dnsmasq", "urandom"]),
        (script("$remote_fs app"), ["app"]),
        (script("$portmap"), ["rpcbind"]),
        (script("$unheard +perhaps"), []),
        (script("$a"), ["two", "one"]),
        (script("", "Required-Stop: $local_fs late"), ["late"]),
        (script("", "Should-Start: late", "X-Start-Before: web"), []),
    ],
)
def test_what_is_required_by_name_is_needed(text: str, needs: list[str]) -> None:
    assert [name for kind, name in lsb.depends(text, lsb.facilities(TREE)) or () if kind == "need"] == needs


def test_a_script_provides_what_it_says() -> None:
    assert lsb.depends(script("", "Provides: a b"), {}) == (("provide", "a"), ("provide", "b"))


def test_a_script_without_a_header_is_no_service() -> None:
    assert lsb.depends("#!/bin/sh\nexec app\n", {}) is None


@pytest.mark.proof
@pytest.mark.timeout(300)
@pytest.mark.skipif(not roots.is_possible(), reason="roots of packages cannot be made here")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes the root")
def test_openrcs_own_program_says_the_same_of_debians_scripts(tmp_path: Path) -> None:
    try:
        root = started.unpacked(roots.build(roots.root("openrc")), tmp_path / "root")
    except roots.NoPackagesError:
        pytest.skip("Debian's archive is out of reach")
    (root / "etc/insserv.conf.d/own").write_text("$own cron\n")
    own = root / "etc/init.d/own"
    own.write_text(script("$own $remote_fs ssh", "Provides: own other", "Should-Start: bootlogs"))
    known = lsb.facilities(FolderTree(root))
    seen = 0
    for path in sorted((root / "etc/init.d").iterdir()):
        ours = lsb.depends(path.read_text(), known)
        said = subprocess.run(
            ["chroot", root, f"/{lsb.PROGRAM}", f"/etc/init.d/{path.name}"], check=True, capture_output=True, text=True
        ).stdout
        assert (ours is None) == ("depend ()" not in said), path.name
        for kind in ("need", "provide"):
            names = {name for kind_, name in ours or () if kind_ == kind and name != path.name}
            match = re.search(rf"^\t{kind} (.*)$", said, re.MULTILINE)
            assert names == set(match[1].split() if match else ()) - {"_all"} - {path.name}, (path.name, kind)
        seen += ours is not None
    assert seen > 20
