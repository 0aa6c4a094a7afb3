"""Debian 13 devices: a gateway that apt updates, image-based ones with RAUC or SWUpdate, a panel in package mode."""

from truth import debian_broker, debian_gateway
from truth.row import Truth

SYSTEMS: tuple[Truth, ...] = (debian_gateway.SYSTEM, debian_broker.SYSTEM)
