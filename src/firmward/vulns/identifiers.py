"""By which name a vulnerability goes: a GHSA, a DSA and the CVE that they stand for are one, and go by the CVE.

What is known under the other names is kept: a registry's advisory may bring the only score. Of several CVEs, as an
advisory of a distribution has them, none is chosen.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from firmward.vulns.record import About, Knowledge

CVE = "CVE-"


class Identities:
    """What a database knows about some vulnerabilities, and the one name of each."""

    def __init__(self, ids: Iterable[str], knowledge: Knowledge) -> None:
        given = tuple(dict.fromkeys(ids))
        about = dict(knowledge.about(given))
        self._names = {one: _name(one, about.get(one)) for one in given}
        missing = [name for name in dict.fromkeys(self._names.values()) if name not in about]
        about.update(knowledge.about(missing) if missing else {})
        self.about: Mapping[str, About] = _merged(self._names, about)

    def name(self, identifier: str) -> str:
        return self._names[identifier]

    def is_rejected(self, identifier: str) -> bool:
        known = self.about.get(self.name(identifier))
        return known is not None and known.is_rejected


def _name(identifier: str, about: About | None) -> str:
    if identifier.startswith(CVE) or about is None:
        return identifier
    known = [alias for alias in about.aliases if alias.startswith(CVE)]
    return known[0] if len(known) == 1 else identifier


def _merged(names: Mapping[str, str], about: Mapping[str, About]) -> Mapping[str, About]:
    """By the one name of each."""
    found: dict[str, About] = {name: about[name] for name in names.values() if name in about}
    for identifier, name in names.items():
        other = about.get(identifier)
        if identifier == name or other is None:
            continue
        known = found.get(name)
        if known is None:
            aliases = tuple(dict.fromkeys((*other.aliases, identifier)))
            found[name] = replace(other, id=name, aliases=tuple(one for one in aliases if one != name))
        else:
            found[name] = replace(
                known,
                title=known.title or other.title,
                aliases=tuple(dict.fromkeys((*known.aliases, identifier))),
                scores=(*known.scores, *other.scores),
                cwes=tuple(dict.fromkeys((*known.cwes, *other.cwes))),
                is_rejected=known.is_rejected or other.is_rejected,
            )
    return found
