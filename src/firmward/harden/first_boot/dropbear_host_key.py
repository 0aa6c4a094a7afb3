"""Dropbear's host keys, by dropbearkey. DSS is not made any more: such a key is left out."""

import re
from collections.abc import Mapping

from firmward.formats import ssh_key
from firmward.harden.draft import Draft
from firmward.model.remedy import MakeAtFirstBoot

SERVERS = ("dropbear",)
NAMED = re.compile(r"dropbear_(rsa|ecdsa|ed25519|dss)_host_key")
BY_ALGORITHM = (("ed25519", "ed25519"), ("rsa", "rsa"), ("ecdsa", "ecdsa"), ("dss", "dss"))
FUNCTIONS = """\
dropbear_host_key() { # TYPE PATH
	[ -s "$2" ] && return 0
	folder "$2" 700 || return 1
	rm -f "$2.new"
	dropbearkey -t "$1" -f "$2.new" >/dev/null || return 1
	place "$2.new" "$2" 600 0:0
}
"""


def call(change: MakeAtFirstBoot, draft: Draft, places: Mapping[str, str]) -> str | None:
    kind = _type(change.path, draft)
    return None if kind == "dss" else f"dropbear_host_key {kind} {places[change.path]}"


def _type(path: str, draft: Draft) -> str:
    named = NAMED.search(path)
    if named is not None:
        return named[1]
    content = draft.read(path) if draft.is_file(path) else None
    found = ssh_key.private_key(content) if content is not None else None
    algorithm = found.algorithm if found is not None else "ed25519"
    return next((kind for part, kind in BY_ALGORITHM if part in algorithm), "ed25519")
