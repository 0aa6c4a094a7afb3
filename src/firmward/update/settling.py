"""What there is to do once the boot loader has heard that the running version is good, whoever told it so."""

from firmward.model.errors import DeviceError, InputError
from firmward.update.call import Call


def settle(call: Call) -> None:
    """Raise the rollback floor to it: from here on nothing older is taken. A device whose boot loader cannot be asked
    now is asked again next time, and one that has none has `confirm` alone. Raises as a floor does."""
    try:
        with call.slots() as (_, loader):
            state = loader.state()
    except (DeviceError, InputError):
        return
    if state.running in state.good:
        call.floor.raise_to(call.identity.rollback_index)
