"""An overlay for U-Boot's control tree, which has the keys of FITs below /signature. The binary is made anew with it,
or, where the tree stands behind u-boot-nodtb.bin, put together again."""

from firmward.harden.overlay_source import source
from firmward.harden.site import Beside
from firmward.model.policy import Policy

NAME = "u-boot.dtso"
TITLE = "dtc -@ -I dts -O dtb -o u-boot.dtbo u-boot.dtso && fdtoverlay -i u-boot.dtb -o closed.dtb u-boot.dtbo"
KEYS = "/signature/"


def is_control(node: str) -> bool:
    return node.startswith(KEYS)


def render(beside: Beside, policy: Policy | None) -> str | None:
    return source({place: value for place, value in beside.device_tree.items() if is_control(place[0])}, TITLE)
