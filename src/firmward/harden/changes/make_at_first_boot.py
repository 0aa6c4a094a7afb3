"""What every copy of the image shares, left out and made by each device itself (see `first_boot/`)."""

from firmward.harden import first_boot
from firmward.harden.site import Site
from firmward.model.remedy import MakeAtFirstBoot

KIND = MakeAtFirstBoot


def apply(change: MakeAtFirstBoot, site: Site) -> None:
    first_boot.arrange(change, site)
