"""JSON: `"name": value`. An option is set wherever it stands, else in the outermost table."""

import json
import re

from firmward.harden.draft import Refused

PATHS = ("etc/mender/*", "var/lib/mender/*", "**/*.json")
PLAIN = re.compile(r"true|false|null|-?\d+")


def set_option(text: str, option: str, value: str, section: str | None) -> str:
    if not isinstance(_read(text), dict):
        raise Refused("it is no table of JSON")
    shown = value if PLAIN.fullmatch(value) else json.dumps(value)
    pattern = rf'({re.escape(json.dumps(option))}\s*:\s*)("(?:[^"\\]|\\.)*"|[^\s,\[\]{{}}]+)'
    changed, times = re.subn(pattern, lambda found: f"{found[1]}{shown}", text, flags=re.IGNORECASE)
    if not times:
        rest = text.lstrip()[1:]
        comma = "" if rest.lstrip().startswith("}") else ","
        changed = f"{{\n  {json.dumps(option)}: {shown}{comma}{rest}"
    _read(changed)
    return changed


def _read(text: str) -> object:
    try:
        return json.loads(text or "{}")
    except (ValueError, RecursionError) as reason:
        raise Refused("it is no JSON that can be read") from reason
