"""daemon.json of dockerd and balena's engine: one JSON object. A value is JSON too, empty where the option goes."""

import json

from firmward.harden.draft import Refused

PATHS = ("etc/docker/daemon.json", "etc/balena-engine/daemon.json", "var/snap/docker/current/config/daemon.json")


def set_option(text: str, option: str, value: str, section: str | None) -> str:
    try:
        table = json.loads(text or "{}")
        wanted = json.loads(value) if value else None
    except (ValueError, RecursionError) as error:
        raise Refused(f"{option} cannot be set in what is no JSON") from error
    if not isinstance(table, dict):
        raise Refused(f"{option} cannot be set in what is no object of JSON")
    if table.get(option) == wanted:
        return text
    if wanted is None:
        del table[option]
    else:
        table[option] = wanted
    return json.dumps(table, indent=2, ensure_ascii=False) + "\n"
