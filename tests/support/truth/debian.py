"""Debian 13 devices: two that apt updates, one of them in package mode, and image-based ones with RAUC or SWUpdate."""

from truth import debian_broker, debian_camera, debian_edge, debian_gateway, debian_panel
from truth.row import Truth

SYSTEMS: tuple[Truth, ...] = tuple(
    module.SYSTEM for module in (debian_gateway, debian_broker, debian_camera, debian_panel, debian_edge)
)
