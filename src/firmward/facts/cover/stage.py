"""What a boot ROM starts speaks for all that lies in it, unless its header leaves something out."""

from firmward.facts.cover import Cover
from firmward.facts.first_stages import FirstStage, Signed
from firmward.model.chain import State

EFI = ("efi-program", "uki")
"""Kinds that firmware starts, and not a boot ROM."""
NAMES = {
    "imx-ivt": "HAB",
    "imx-ahab": "AHAB",
    "stm32": "the STM32 boot ROM",
    "ti-k3": "TI's boot ROM",
    "ti-mlo": "TI's boot ROM",
    "egon": "the Allwinner boot ROM",
    "toc0": "the Allwinner boot ROM",
    "rockchip-id": "the Rockchip boot ROM",
    "rockchip-rkns": "the Rockchip boot ROM",
    "raspberry-pi-eeprom": "the Raspberry Pi's boot ROM",
    "kwbimage": "the Marvell boot ROM",
    "zynq-boot": "the Zynq boot ROM",
}
"""Who looks at the signature, by the kind."""


def of_stage(stage: FirstStage) -> Cover:
    id, by = stage.at.part, NAMES.get(stage.kind, "the boot ROM")
    if stage.signed is Signed.NO:
        return Cover(State.UNVERIFIED, f"{id} is not signed: {stage.evidence}", None, id)
    if stage.broken:
        return Cover(State.BROKEN, f"{id} is signed, and its {stage.broken[0]} does not hold", by, id)
    if stage.signed is Signed.UNKNOWN:
        return Cover(State.UNKNOWN, f"whether {id} is signed is not known: {stage.evidence}", by, id)
    if stage.uncovered:
        return Cover(State.BROKEN, f"{id} is signed, and the signature leaves out {stage.uncovered[0]}", by, id)
    return Cover(State.VERIFIED, f"{id} is signed: {stage.evidence}", by, id)
