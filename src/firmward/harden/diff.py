"""What was changed as one patch in git's form, which `git apply` and GNU patch take with `-p1`.

The form is git-diff(1)'s "extended headers": new and deleted files, modes as git knows them (executable or not),
symbolic links as files of mode 120000 whose text is the target. What it has no words for stands in the lines before the
first file, which both programs skip: owners, other modes, folders, and files that are not text.
"""

import difflib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from firmward.model.hardening import Changed, State
from firmward.model.tree import Kind

TEXT_LIMIT = 4 << 20
"""Bytes of a text whose lines are told."""
COMPARED = 3000
"""Lines that are compared one by one; in a longer stretch that differs all are told as replaced."""
CONTEXT = 3
NO_END = b"\\ No newline at end of file\n"
SPECIAL = {7: b"\\a", 8: b"\\b", 9: b"\\t", 10: b"\\n", 11: b"\\v", 12: b"\\f", 13: b"\\r", 34: b'\\"', 92: b"\\\\"}
LINK = b"120000"
PATCHED = (Kind.FILE, Kind.SYMLINK)

Content = Callable[[State], bytes | None]
"""The bytes of a file in a state; None where they are too many."""


@dataclass(frozen=True, slots=True)
class Side:
    """A file or link before or after: its mode in git's terms, and its lines, None where it is no text."""

    mode: bytes
    lines: tuple[bytes, ...] | None


def render(changed: Iterable[Changed], before: Content, after: Content) -> Iterator[bytes]:
    """The patch, piece by piece."""
    rows = [(one, _side(one.before, before), _side(one.after, after)) for one in changed]
    notes = [note for one, old, new in rows for note in _notes(one, old, new)]
    if notes:
        yield b"Beside this patch (manifest.json has all of it):\n"
        yield from (b"  " + note + b"\n" for note in notes)
        yield b"\n"
    for one, old, new in rows:
        if not _is_text(old) or not _is_text(new):
            continue
        if old is not None and new is not None and old != new and LINK in (old.mode, new.mode):
            # GNU patch changes no link in its place
            yield from _section(one.path, old, None)
            yield from _section(one.path, None, new)
        elif old != new:
            yield from _section(one.path, old, new)


def _side(state: State | None, content: Content) -> Side | None:
    if state is None or state.entry.kind not in PATCHED:
        return None
    if state.entry.kind is Kind.SYMLINK:
        return Side(LINK, _lines((state.entry.target or "").encode("utf-8", "surrogateescape")))
    data = content(state)
    lines = None if data is None or b"\0" in data else _lines(data)
    return Side(b"100755" if state.entry.mode & 0o100 else b"100644", lines)


def _lines(data: bytes) -> tuple[bytes, ...]:
    """With their ends: split at `\\n` alone, as patch does."""
    lines = [line + b"\n" for line in data.split(b"\n")]
    last = lines.pop()[:-1]
    return tuple(lines) if not last else (*lines, last)


def _is_text(side: Side | None) -> bool:
    return side is None or side.lines is not None


def _notes(one: Changed, old: Side | None, new: Side | None) -> Iterator[bytes]:
    """What git's form cannot say of a path."""
    name = one.path.encode("utf-8", "backslashreplace").replace(b"\n", b"\\n")
    if not (_is_text(old) and _is_text(new)):
        what = "removed" if one.after is None else "added" if one.before is None else "changed"
        same = one.before is not None and one.after is not None and one.before.sha256 == one.after.sha256
        if not same:
            yield b"/" + name + f": {what}, and no text".encode()
    elif (one.after or one.before) is not None and old is None and new is None:
        what = "removed" if one.after is None else "made" if one.before is None else "changed"
        kind = (one.after or one.before).entry.kind  # type: ignore[union-attr]
        yield b"/" + name + f": {kind.value} {what}".encode()
    if one.after is not None and one.after.entry.kind is not Kind.SYMLINK:
        entry = one.after.entry
        known = (0o755 if new is not None and new.mode == b"100755" else 0o644, 0, 0)
        was = known if one.before is None else _rights(one.before)
        if _rights(one.after) != was:
            yield b"/" + name + f": mode {entry.mode:04o}, owner {entry.uid}:{entry.gid}".encode()


def _rights(state: State) -> tuple[int, int, int]:
    return state.entry.mode, state.entry.uid, state.entry.gid


def _section(path: str, old: Side | None, new: Side | None) -> Iterator[bytes]:
    name = path.encode("utf-8", "surrogateescape")
    before, after = _quoted(b"a/" + name), _quoted(b"b/" + name)
    yield b"diff --git " + before + b" " + after + b"\n"
    if old is None and new is not None:
        yield b"new file mode " + new.mode + b"\n"
    elif old is not None and new is None:
        yield b"deleted file mode " + old.mode + b"\n"
    elif old is not None and new is not None and old.mode != new.mode:
        yield b"old mode " + old.mode + b"\nnew mode " + new.mode + b"\n"
    first, second = (() if side is None else side.lines or () for side in (old, new))
    if first == second:
        return
    tab = b"\t" if b" " in name else b""
    yield b"--- " + (b"/dev/null" if old is None else before + tab) + b"\n"
    yield b"+++ " + (b"/dev/null" if new is None else after + tab) + b"\n"
    for group in _groups(first, second):
        yield from _hunk(first, second, group)


Block = tuple[str, int, int, int, int]


def _groups(first: tuple[bytes, ...], second: tuple[bytes, ...]) -> Iterator[list[Block]]:
    """The stretches that differ, with the lines around them: what begins and ends alike is not compared."""
    shorter = min(len(first), len(second))
    head = next((at for at in range(shorter) if first[at] != second[at]), shorter)
    left = shorter - head
    tail = next((at for at in range(left) if first[-1 - at] != second[-1 - at]), left)
    inner = range(head, len(first) - tail), range(head, len(second) - tail)
    if max(map(len, inner)) > COMPARED:
        blocks: list[Block] = [("replace", head, inner[0].stop, head, inner[1].stop)]
    else:
        matcher = difflib.SequenceMatcher(None, first[head : inner[0].stop], second[head : inner[1].stop], False)
        blocks = [(tag, *(place + head for place in places)) for tag, *places in matcher.get_opcodes()]  # type: ignore[misc]
    start = max(0, head - CONTEXT)
    end = min(tail, CONTEXT)
    before: list[Block] = [("equal", start, head, start, head)] if start < head else []
    ends = len(first) - tail, len(second) - tail
    behind: list[Block] = [("equal", ends[0], ends[0] + end, ends[1], ends[1] + end)] if end else []
    yield from _grouped([*before, *blocks, *behind])


def _grouped(blocks: list[Block]) -> Iterator[list[Block]]:
    """A hunk ends where more lines are alike than two contexts have."""
    group: list[Block] = []
    for number, (tag, i1, i2, j1, j2) in enumerate(blocks):
        if tag == "equal" and i2 - i1 > 2 * CONTEXT and 0 < number < len(blocks) - 1:
            yield [*group, (tag, i1, i1 + CONTEXT, j1, j1 + CONTEXT)]
            group = [(tag, i2 - CONTEXT, i2, j2 - CONTEXT, j2)]
        else:
            group.append((tag, i1, i2, j1, j2))
    if any(tag != "equal" for tag, *_ in group):
        yield group


def _hunk(first: tuple[bytes, ...], second: tuple[bytes, ...], group: list[Block]) -> Iterator[bytes]:
    yield b"@@ -%s +%s @@\n" % (_range(group[0][1], group[-1][2]), _range(group[0][3], group[-1][4]))
    for tag, i1, i2, j1, j2 in group:
        if tag == "equal":
            yield from _marked(b" ", islice(first, i1, i2))
        else:
            yield from _marked(b"-", islice(first, i1, i2))
            yield from _marked(b"+", islice(second, j1, j2))


def _marked(sign: bytes, lines: Iterable[bytes]) -> Iterator[bytes]:
    for line in lines:
        yield sign + line
        if not line.endswith(b"\n"):
            yield b"\n" + NO_END


def _range(start: int, end: int) -> bytes:
    """Counted from 1; an empty one names the line before it."""
    length = end - start
    begin = start + 1 if length else start
    return str(begin).encode() if length == 1 else f"{begin},{length}".encode()


def _quoted(name: bytes) -> bytes:
    """As git quotes names (core.quotePath): plain where nothing in it needs it."""
    if all(32 <= sign < 127 and sign not in SPECIAL for sign in name):
        return name
    return b'"' + b"".join(SPECIAL.get(sign) or _plain(sign) for sign in name) + b'"'


def _plain(sign: int) -> bytes:
    return bytes([sign]) if 32 <= sign < 127 else b"\\%03o" % sign
