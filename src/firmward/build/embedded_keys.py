"""Private keys in what a build is to put on every device: refused, since a key that all devices have is no secret.

What is searched is what the audit searches, and what the policy accepts for its check private-key-embedded is let
pass: by key, `*` standing for anything, until the day that it expires. Keys that everybody has anyhow, in tests,
examples and the libraries' own trials, are the audit's business alone.
"""

import re
from collections.abc import Iterator
from datetime import date

from firmward.facts import contents
from firmward.facts.secret_search import EmbeddedKey
from firmward.image.words import FastWordSearch
from firmward.model.policy import AcceptedRisk
from firmward.model.tree import Tree

CHECK = "private-key-embedded"


def refused(tree: Tree, accepted: tuple[AcceptedRisk, ...], today: date) -> Iterator[str]:
    """What to say of each file with a private key in it that the policy does not accept."""
    found = contents.collect(tree, FastWordSearch())
    files = {key.path: key for key in (found.secrets.keys if found else ()) if not key.sample}
    for path, key in sorted(files.items()):
        if not any(_covers(risk, path, today) for risk in accepted):
            yield _message(path, key)


def _covers(risk: AcceptedRisk, path: str, today: date) -> bool:
    if risk.check != CHECK or risk.is_expired(today):
        return False
    if risk.key is None:
        return True
    # of several keys in one file the audit tells those behind the first as `PATH#2`
    own = risk.key.partition("#")[0]
    return re.fullmatch(".*".join(map(re.escape, own.split("*"))), path, re.DOTALL) is not None


def _message(path: str, key: EmbeddedKey) -> str:
    kind = "a private key" if key.algorithm == "unknown" else f"a private key ({key.algorithm})"
    return (
        f"{path} holds {kind}, which every device would have: make it on the device, or accept it in the policy, "
        f'[[accepted]] check = "{CHECK}", key = "{path}"'
    )
