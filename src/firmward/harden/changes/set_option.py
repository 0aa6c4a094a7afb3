"""An option of a configuration file: the format is known by the file's place (see `settings/`)."""

from firmward.harden import settings
from firmward.harden.draft import Refused
from firmward.harden.settings import uci
from firmward.harden.site import Site
from firmward.model.remedy import SetOption

KIND = SetOption
BREAKS = frozenset("\n\r\0\v\f\x1c\x1d\x1e\x85\u2028\u2029")
"""Signs that end a line for one reader or another: none may come with what is written into it."""


def apply(change: SetOption, site: Site) -> None:
    set_option = settings.for_path(change.path, change.section)
    if set_option is None:
        raise Refused(f"how an option of {change.path} is set is not known here")
    if BREAKS & set(f"{change.option}{change.value}{change.section or ''}"):
        raise Refused(f"{change.path}: what would be set does not stand on one line")
    text = site.draft.text(change.path) or ""
    try:
        changed = set_option(text, change.option, change.value, change.section)
    except Refused as reason:
        raise Refused(f"{change.path}: {reason}") from reason
    if changed != text:
        site.draft.write(change.path, changed)
    if change.path.startswith(uci.FOLDER):
        _at_first_start(change, site)


def _at_first_start(change: SetOption, site: Site) -> None:
    """OpenWrt's configuration is changed once more when the device starts first: what is set there would win."""
    package = change.path.removeprefix(uci.FOLDER)
    for path in site.draft.glob(uci.FIRST_START):
        text = site.draft.text(path) or ""
        changed = uci.set_statement(text, package, change.option, change.value, change.section or "")
        if changed != text:
            site.draft.write(path, changed)
