"""Who speaks in a VEX document."""

from dataclasses import dataclass

NOBODY = "https://publisher.invalid"
"""An address that can be nobody's (RFC 2606), where a format wants one and none is known."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who says it: a `name`, and a `namespace`, an address that is theirs; each empty where it is not known."""

    name: str = ""
    namespace: str = ""
