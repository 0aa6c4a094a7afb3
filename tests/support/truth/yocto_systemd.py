"""Yocto devices under systemd."""

from truth import yocto_camera, yocto_charger, yocto_gateway, yocto_hub, yocto_meter
from truth.row import Truth

SYSTEMS: tuple[Truth, ...] = tuple(
    module.SYSTEM for module in (yocto_meter, yocto_charger, yocto_hub, yocto_camera, yocto_gateway)
)
