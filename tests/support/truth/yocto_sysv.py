"""Yocto devices under SysV init."""

from truth import yocto_hmi, yocto_modem, yocto_plc, yocto_sensor
from truth.row import Truth

SYSTEMS: tuple[Truth, ...] = tuple(module.SYSTEM for module in (yocto_plc, yocto_sensor, yocto_hmi, yocto_modem))
