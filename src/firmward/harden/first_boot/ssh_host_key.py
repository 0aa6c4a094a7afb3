"""OpenSSH's host keys, by ssh-keygen. DSA is not made any more: such a key is left out, and nothing takes its place."""

import re
from collections.abc import Mapping

from firmward.formats import ssh_key
from firmward.harden.draft import Draft
from firmward.model.remedy import MakeAtFirstBoot

SERVERS = ("sshd",)
NAMED = re.compile(r"ssh_host_(rsa|ecdsa|ed25519|dsa)_key")
BY_ALGORITHM = (("ed25519", "ed25519"), ("rsa", "rsa"), ("ecdsa", "ecdsa"), ("ss", "dsa"))
"""Parts of SSH's names for algorithms, and the types that ssh-keygen has."""
FUNCTIONS = """\
ssh_host_key() { # TYPE PATH
	[ -s "$2" ] && return 0
	folder "$2" 700 || return 1
	rm -f "$2.new" "$2.new.pub"
	bits=
	[ "$1" = rsa ] && bits='-b 3072'
	# shellcheck disable=SC2086 # no word where there are no bits
	ssh-keygen -q -t "$1" $bits -N '' -C '' -f "$2.new" || return 1
	place "$2.new.pub" "$2.pub" 644 0:0 && place "$2.new" "$2" 600 0:0
}
"""


def call(change: MakeAtFirstBoot, draft: Draft, places: Mapping[str, str]) -> str | None:
    kind = _type(change.path, draft)
    return None if kind == "dsa" else f"ssh_host_key {kind} {places[change.path]}"


def _type(path: str, draft: Draft) -> str:
    named = NAMED.search(path)
    if named is not None:
        return named[1]
    content = draft.read(path) if draft.is_file(path) else None
    found = ssh_key.private_key(content) if content is not None else None
    algorithm = found.algorithm if found is not None else "ed25519"
    return next((kind for part, kind in BY_ALGORITHM if part in algorithm), "ed25519")
