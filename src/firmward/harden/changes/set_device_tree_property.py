"""A property of a node, for the overlay beside the root.

Names are those of the Devicetree specification 0.4 (2.2.1, 2.2.4); a value is a text, cells, or none. What was read
from an image's tree is no source of dtc's until it is held against them.
"""

import re

from firmward.harden.draft import Refused
from firmward.harden.site import Site
from firmward.model.remedy import SetDeviceTreeProperty

KIND = SetDeviceTreeProperty
NODE = re.compile(r"(?:/[A-Za-z0-9,._+@-]{1,80}){1,32}")
PROPERTY = re.compile(r"[A-Za-z0-9,._+?#-]{1,31}")
VALUE = re.compile(r'|"[ !#-\[\]-~]{0,200}"|<(?:0x)?[0-9a-fA-F]{1,8}(?: (?:0x)?[0-9a-fA-F]{1,8}){0,31}>')


def apply(change: SetDeviceTreeProperty, site: Site) -> None:
    if not (NODE.fullmatch(change.node) and PROPERTY.fullmatch(change.property) and VALUE.fullmatch(change.value)):
        raise Refused(
            f"{change.node[:80]!r} is no node that an overlay can name, or {change.property[:31]!r} no property"
        )
    site.beside.device_tree[change.node, change.property] = change.value
