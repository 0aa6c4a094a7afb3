"""The patch, as git and GNU patch take it: applied to the original it gives what was hardened."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from changed_root import drafted, hardening, lay, seen
from hypothesis import given, settings
from hypothesis import strategies as st
from program import find_program

from firmward.harden import diff
from firmward.harden.draft import Draft
from firmward.model.hardening import State
from firmward.model.memory import Content, MemoryTree, executable, link
from firmward.model.tree import Tree

GIT = ("git", "apply", "-p1", "--whitespace=nowarn")
PATCH = ("patch", "-p1", "--quiet", "--force")


def content(tree: Tree) -> diff.Content:
    def read(state: State) -> bytes | None:
        return tree.read(state.entry.path, 8 << 20)

    return read


def patch(draft: Draft) -> bytes:
    return b"".join(diff.render(hardening(draft).changed, content(draft.below), content(draft)))


def applied(command: tuple[str, ...], draft: Draft, folder: Path) -> dict[str, tuple[object, ...]]:
    """What the program makes of the original: kinds, contents and whether a file can be run."""
    program = find_program(command[0])
    if program is None:
        pytest.skip(f"{command[0]} is not installed")
    place = lay(draft.below, folder / "place")
    done = subprocess.run(
        [program, *command[1:]],
        input=patch(draft),
        cwd=place,
        capture_output=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "GIT_CEILING_DIRECTORIES": str(folder), "HOME": str(folder)},
    )
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
    return known(place)


def known(place: Path) -> dict[str, tuple[object, ...]]:
    """Git knows no folders, and of modes whether the owner may run a file."""
    return {
        path: (int(str(mode), 8) >> 12, holds, int(str(mode), 8) & 0o100)
        for path, (mode, _, _, holds) in seen(place).items()
        if not (place / path).is_dir() or (place / path).is_symlink()
    }


def texts(draft: Draft) -> None:
    """All that a patch has words for."""
    draft.write("etc/passwd", "root:x:0:0::/root:/bin/sh\n")
    draft.write("etc/no-end", "a\nc")
    draft.write("etc/long", "".join(f"{number}\n" for number in range(60) if number not in (3, 40)) + "end")
    draft.write('etc/odd "näme"\t', "new\n")
    draft.write("etc/app/a.conf", "")
    draft.remove("etc/app/b.conf")
    draft.remove("etc/motd")
    draft.write("etc/motd", "hello\n")
    draft.remove("etc/app/link")
    draft.link("etc/new link", "a b/c")
    draft.set_mode("usr/bin/tool", 0o644)
    draft.write("srv/dir/file", "no end")
    draft.write("srv/dir/run", "#!/bin/sh\n", 0o755)


@pytest.mark.parametrize("command", [GIT, PATCH], ids=["git", "patch"])
def test_applied_it_gives_what_was_hardened(command: tuple[str, ...], tmp_path: Path) -> None:
    draft = drafted(texts)
    assert applied(command, draft, tmp_path) == known(lay(draft, tmp_path / "wanted"))


def test_applied_backwards_it_gives_the_original(tmp_path: Path) -> None:
    """By git: GNU patch takes the sections in their order, and so a link out of the place of a file too late."""
    if find_program("git") is None:
        pytest.skip("git is not installed")
    draft = drafted(texts)
    place = lay(draft, tmp_path / "place")
    environment = {"PATH": "/usr/bin:/bin", "GIT_CEILING_DIRECTORIES": str(tmp_path), "HOME": str(tmp_path)}
    subprocess.run([*GIT, "-R"], input=patch(draft), cwd=place, check=True, capture_output=True, env=environment)
    assert known(place) == known(lay(draft.below, tmp_path / "wanted"))


def test_what_it_has_no_words_for_is_told_before_it() -> None:
    told = patch(drafted()).split(b"diff --git", 1)[0].decode()
    assert "/usr/sbin/telnetd: changed, and no text" in told
    assert "/etc/shadow: mode 0600, owner 0:0" in told
    assert "/srv/dir: mode 0755, owner 0:0" in told
    assert "/srv/new/deep/file: mode 0600, owner 0:0" in told
    assert "/etc/passwd" not in told
    assert "telnetd" not in patch(drafted()).split(b"diff --git", 1)[1].decode()


@pytest.mark.parametrize(
    "change",
    [
        lambda draft: draft.set_mode("etc/shadow", 0o600),
        lambda draft: draft.folder("etc/new"),
        lambda draft: draft.write("etc/passwd", b"\0"),
        lambda draft: draft.write("etc/passwd", b"x" * (diff.TEXT_LIMIT)),
    ],
)
def test_what_cannot_be_patched_is_no_broken_patch(change: Callable[[Draft], None]) -> None:
    draft = drafted(change)
    made = patch(draft)
    assert b"Beside this patch" in made or made.startswith(b"diff --git")


def test_nothing_changed_is_an_empty_patch() -> None:
    assert patch(drafted(lambda _: None)) == b""


def test_a_name_cannot_say_what_it_likes_in_a_patch() -> None:
    draft = Draft(MemoryTree({"a\n+++ b/etc/passwd\n": "x\n", "b\nc": b"\0"}))
    draft.write("a\n+++ b/etc/passwd\n", "y\n")
    draft.remove("b\nc")
    assert b"\n+++ b/etc/passwd" not in patch(draft)
    assert b'+++ "b/a\\n+++ b/etc/passwd\\n"\t\n' in patch(draft)
    assert b"/b\\nc: removed, and no text" in patch(draft)


def test_a_long_file_of_lines_all_alike_takes_no_time() -> None:
    lines = "a\nb\n" * 200_000
    draft = Draft(MemoryTree({"file": lines}))
    draft.write("file", lines.replace("a", "c"))
    assert patch(draft).count(b"\n") > 800_000


LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "\n", "d\r\n"]), max_size=30).map("".join)


@settings(max_examples=60)
@given(before=LINES, after=LINES, end=st.sampled_from(["", "e"]), start=st.sampled_from(["", "e"]))
def test_any_two_texts_are_told_apart(
    before: str, after: str, end: str, start: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    git = find_program("git")
    if git is None or shutil.which("git") is None:
        pytest.skip("git is not installed")
    draft = Draft(MemoryTree({"file": before + start}))
    draft.write("file", after + end)
    made = patch(draft)
    if not made:
        assert before + start == after + end
        return
    place = tmp_path_factory.mktemp("place")
    (place / "file").write_bytes((before + start).encode())
    subprocess.run(
        [git, "apply", "--whitespace=nowarn"],
        input=made,
        cwd=place,
        check=True,
        env={"PATH": "/usr/bin:/bin", "GIT_CEILING_DIRECTORIES": str(place.parent)},
    )
    assert (place / "file").read_bytes() == (after + end).encode()


FILES: dict[str, Content] = {"bin/a": executable("x\n"), "etc/l": link("a"), "etc/f": "x\n"}


@pytest.mark.parametrize("command", [GIT, PATCH], ids=["git", "patch"])
@pytest.mark.parametrize(
    "change",
    [
        lambda draft: draft.link("etc/f", "../bin/a"),
        lambda draft: draft.link("etc/l", "b"),
        lambda draft: draft.set_mode("bin/a", 0o644),
        lambda draft: draft.write("etc/empty", ""),
        lambda draft: draft.write("etc/f", ""),
        lambda draft: draft.remove("etc/l"),
    ],
)
def test_links_modes_and_empty_files(command: tuple[str, ...], change: Callable[[Draft], None], tmp_path: Path) -> None:
    draft = drafted(change, MemoryTree(FILES))
    assert applied(command, draft, tmp_path) == known(lay(draft, tmp_path / "wanted"))
