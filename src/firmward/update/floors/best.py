"""Which floor counts: the one that the image names, or else the best that is there."""

from firmward.model.errors import DeviceError
from firmward.trust.anchor import AnchoredStore
from firmward.trust.store import Store
from firmward.update.floors import tpm_nv
from firmward.update.floors.file import FileFloor
from firmward.update.floors.floor import RollbackFloor
from firmward.update.floors.tpm_nv import Exchange, TpmFloor
from firmward.update.floors.uboot import UbootFloor
from firmward.update.identity import Identity


def floor_of(
    identity: Identity, store: Store, channel: AnchoredStore, exchange: Exchange = tpm_nv.at_device
) -> RollbackFloor:
    """One that is named and fails is no reason to take a weaker one. A TPM that nobody named counts where its counter
    is defined already: nothing is defined in a chip unasked."""
    if identity.floor == "tpm":
        return TpmFloor(exchange)
    if identity.floor == "boot-loader":
        return UbootFloor(identity.rollback_index)
    if identity.floor == "file" or not _has_counter(exchange):
        return FileFloor(identity, store, channel)
    return TpmFloor(exchange)


def _has_counter(exchange: Exchange) -> bool:
    try:
        return TpmFloor(exchange).is_defined()
    except DeviceError:
        return False
