"""What a Python script does to update, in the words of the commands that do the same.

So a script in Python is judged by the rules of one in shell: `urlretrieve(url, file)` is `curl -o file url`,
`extractall(folder)` is `tar -x -C folder`, what `subprocess` and `os.system` run stands for itself. Rules, from the
manuals of Python's library and of the packages named below:

- What `urlopen` and `requests.get` give stays in memory until it is written; who writes, unpacks or runs it, or a
  value made of it, applies what was fetched.
- `verify` of a package that knows signatures raises where one does not match (cryptography, PyNaCl, ecdsa, rsa), or
  gives back what has to be looked at (gnupg). A program's status is looked at with `check=True`, or by using what `run`
  gives back. An exception that is caught and passed over stops nothing.
- A hash (`hashlib`) shows damage, not who wrote it.

Assignments hold in the order in which they stand; a function's parameter has a value where every call in the script
gives the same. Python 2 is read after its few old forms have been put in new ones.
"""

import ast
import re
import warnings
from dataclasses import dataclass

from firmward.facts.update.python.walk import Walk
from firmward.facts.update.steps import STEP_LIMIT, Step

NODE_LIMIT = 60_000
"""Nodes of one script's syntax that are looked at; what a person writes has a tenth."""

OLD = (
    (re.compile(r"(?m)^([ \t]*)print[ \t]+(?![(=.]).*$"), r"\1pass"),
    (re.compile(r"(?m):([ \t]*)print[ \t]+(?![(=.])[^\n]*$"), r":\1pass"),
    (re.compile(r"(?m)^([ \t]*)print[ \t]*>>.*$"), r"\1pass"),
    (re.compile(r"(?m)^([ \t]*except[ \t]+[\w.() ,]{1,200}?),[ \t]*(\w{1,60})[ \t]*:"), r"\1 as \2:"),
    (re.compile(r"(?m)^([ \t]*raise[ \t]+[\w.]{1,100}),[ \t]*(.{1,300})$"), r"\1(\2)"),
    (re.compile(r"(?<![\w.])0([0-7]{1,6})(?![\w.])"), r"0o\1"),
    (re.compile(r"(?<![\w.])(0[xX][0-9a-fA-F]{1,16}|[0-9]{1,18})[lL]\b"), r"\1"),
    (re.compile(r"(?<!\w)[uU][rR](?=[\"'])"), "r"),
    (re.compile(r"<>"), "!="),
)
"""Forms of Python 2 that Python 3 has no longer, and others that mean the same to a reader of commands."""


@dataclass(frozen=True, slots=True)
class Reading:
    """`compares` says whether the script puts versions in order."""

    steps: tuple[Step, ...]
    compares: bool


def read(text: str, path: str) -> Reading | None:
    """None for what is no Python, or too deep or too large to be followed."""
    tree = _parsed(text) or _parsed(_renewed(text))
    if tree is None or sum(1 for _ in ast.walk(tree)) > NODE_LIMIT:
        return None
    try:
        first = Walk(path, tree)
        first.module()
        second = Walk(path, tree, first)
        second.module()
        return Reading(tuple(second.found[:STEP_LIMIT]), second.compares)
    except RecursionError:
        return None


def _parsed(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _renewed(text: str) -> str:
    """Python 2 in the words of Python 3, line by line."""
    for pattern, new in OLD:
        text = pattern.sub(new, text)
    return text.expandtabs(8)
