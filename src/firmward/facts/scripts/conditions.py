"""`test` and `[ ]` in three values: yes, no, and only the running device can tell.

A file that is missing in the tree is missing for certain only where the tree has its folder filled: an empty or absent
folder may be a mount point, and var, run, tmp, proc, sys and dev are filled at run time.
"""

import re
from collections.abc import Sequence

from firmward.facts.scripts.environment import Value
from firmward.model.tree import Kind, Tree

Answer = bool | None

VOLATILE = re.compile(r"/?(?:var|run|tmp|proc|sys|dev|mnt|media|overlay)(?:/|$)")
"""Folders whose content on the device is not the image's."""

_FILE_TESTS = ["-e", "-f", "-d", "-x", "-r", "-s", "-L", "-h", "-a", "-w"]
_RUNTIME_TESTS = ["-p", "-S", "-b", "-c", "-t", "-O", "-G", "-N", "-k", "-u", "-g", "-v"]


def judge(words: Sequence[Value], tree: Tree) -> Answer:
    """The words between the brackets."""
    texts = [word.text for word in words]
    if not texts:
        return False
    if texts[0] == "!" and len(texts) > 1 and len(texts) != 3:
        return _not(judge(words[1:], tree))
    for operator, decided in (("-o", True), ("||", True), ("-a", False), ("&&", False)):
        if operator in texts[1:-1] and len(texts) > 3:
            middle = texts.index(operator, 1)
            sides = (judge(words[:middle], tree), judge(words[middle + 1 :], tree))
            return decided if decided in sides else None if None in sides else not decided
    if texts[0] == "!" and len(texts) == 3 and texts[1] not in _BINARY:
        return _not(judge(words[1:], tree))
    return _simple(words, texts, tree)


def _simple(words: Sequence[Value], texts: list[str], tree: Tree) -> Answer:
    if len(texts) == 1:
        return bool(texts[0]) if words[0].certain else None
    if len(texts) == 2:
        return _unary(texts[0], words[1], tree)
    if len(texts) == 3 and words[0].certain and words[2].certain:
        return _binary(texts[0], texts[1], texts[2])
    return None


def _not(answer: Answer) -> Answer:
    return None if answer is None else not answer


def _unary(operator: str, word: Value, tree: Tree) -> Answer:
    if not word.certain:
        return None
    if operator in ("-n", "-z"):
        return bool(word.text) == (operator == "-n")
    return _file(operator, word.text, tree) if operator in _FILE_TESTS else None


def _file(operator: str, path: str, tree: Tree) -> Answer:
    if not path:
        return False
    if not path.startswith("/") or VOLATILE.match(path):
        return None
    entry = tree.lstat_through(path.strip("/")) if operator in ("-L", "-h") else tree.resolve(path)
    if entry is None:
        return False if surely_missing(path, tree) else None
    match operator:
        case "-f":
            return entry.kind is Kind.FILE
        case "-d":
            return entry.kind is Kind.DIRECTORY
        case "-x":
            return bool(entry.mode & 0o111)
        case "-s":
            return entry.size > 0 or entry.kind is Kind.DIRECTORY
        case "-L" | "-h":
            return entry.kind is Kind.SYMLINK
    return True


def surely_missing(path: str, tree: Tree) -> bool:
    """Whether the device will not have this file either."""
    folder = path.strip("/").rpartition("/")[0]
    if VOLATILE.match(path):
        return False
    return path.startswith(("/etc/", "/usr/")) or bool(tree.list(folder))


_BINARY = {"=", "==", "!=", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "=~", "<", ">", "-nt", "-ot", "-ef"}


def _binary(left: str, operator: str, right: str) -> Answer:
    if operator in ("=", "=="):
        return None if set(right) & set("*?") else left == right
    if operator == "!=":
        return None if set(right) & set("*?") else left != right
    if operator not in _BINARY or not (_NUMBER.fullmatch(left) and _NUMBER.fullmatch(right)):
        # `[ "" -eq 1 ]` is an error, which a shell takes for no
        return False if operator in _COMPARED and not (left and right) else None
    compared = _COMPARED.get(operator)
    return None if compared is None else compared(int(left), int(right))


_NUMBER = re.compile(r"\s*[-+]?[0-9]{1,18}\s*", re.ASCII)
_COMPARED = {
    "-eq": int.__eq__,
    "-ne": int.__ne__,
    "-lt": int.__lt__,
    "-le": int.__le__,
    "-gt": int.__gt__,
    "-ge": int.__ge__,
}
