"""machine-id(5). Under systemd an empty etc/machine-id is made anew at each first boot, and D-Bus takes the same one.
Elsewhere it is made from the kernel's random numbers.

An empty file and not a missing one: that would be a first boot to systemd, which then enables what presets say.
"""

from collections.abc import Mapping

from firmward.facts.collection import Collection
from firmward.facts.init import Init, Program
from firmward.harden.draft import Draft
from firmward.harden.site import Site
from firmward.model.remedy import MakeAtFirstBoot

SERVERS = ("dbus-daemon", "dbus")
SYSTEMDS = "etc/machine-id"
FUNCTIONS = """\
machine_id() { # PATH
	[ -s "$1" ] && return 0
	folder "$1" 755 || return 1
	tr -d - </proc/sys/kernel/random/uuid >"$1.new" && [ -s "$1.new" ] || return 1
	place "$1.new" "$1" 444 0:0
}
"""


def leave(change: MakeAtFirstBoot, site: Site) -> bool:
    init = Collection(site.draft).get(Init)
    if not isinstance(init, Init) or init.program is not Program.SYSTEMD:
        return False
    site.draft.write(SYSTEMDS, "", 0o444)
    if change.path != SYSTEMDS:
        site.draft.link(change.path, f"/{SYSTEMDS}")
    return True


def call(change: MakeAtFirstBoot, draft: Draft, places: Mapping[str, str]) -> str | None:
    return f"machine_id {places[change.path]}"
