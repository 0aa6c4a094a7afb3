"""How near an attacker is to a component, by the ways that were seen to its files (facts/reach.py).

A component to which no way was seen stands last but is not out of reach: anything may start it.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from firmward.facts.reach import How, Way

Ways = Mapping[str, Sequence[Way]]
"""By the ref of the component."""
NO_WAYS: Ways = MappingProxyType({})
NEARNESS = {How.NETWORK: 3, How.SETUID: 2, How.BOOT: 1}


def nearness(ways: Sequence[Way]) -> int:
    """Of the nearest way; 0 where none was seen."""
    return max((NEARNESS[way.how] for way in ways), default=0)
