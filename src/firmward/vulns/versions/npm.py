"""Versions of npm's packages: semantic versions."""

from firmward.vulns.versions.semver import Key, key

__all__ = ["Key", "key"]
