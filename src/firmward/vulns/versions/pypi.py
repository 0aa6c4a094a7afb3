"""Versions of Python's packages (PEP 440)."""

from functools import lru_cache

from packaging.version import InvalidVersion, Version

Key = Version
LENGTH = 200


@lru_cache(maxsize=4096)
def key(version: str) -> Key | None:
    """None for what PEP 440 does not allow: such versions of old packages have no order."""
    if len(version) > LENGTH:
        return None
    try:
        return Version(version)
    except InvalidVersion:
        return None
