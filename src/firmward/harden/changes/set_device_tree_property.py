"""A property of a node, for the overlay beside the root."""

from firmward.harden.site import Site
from firmward.model.remedy import SetDeviceTreeProperty

KIND = SetDeviceTreeProperty


def apply(change: SetDeviceTreeProperty, site: Site) -> None:
    site.beside.device_tree[change.node, change.property] = change.value
