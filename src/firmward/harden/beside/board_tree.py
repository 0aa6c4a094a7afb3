"""An overlay for the board's device tree, which the kernel is started with."""

from firmward.harden.beside.control_tree import is_control
from firmward.harden.overlay_source import source
from firmward.harden.site import Beside
from firmward.model.policy import Policy

NAME = "board.dtso"
TITLE = "dtc -@ -I dts -O dtb -o board.dtbo board.dtso && fdtoverlay -i board.dtb -o closed.dtb board.dtbo"


def render(beside: Beside, policy: Policy | None) -> str | None:
    return source({place: value for place, value in beside.device_tree.items() if not is_control(place[0])}, TITLE)
