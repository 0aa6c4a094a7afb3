"""Now, or the moment of SOURCE_DATE_EPOCH, so that what is dated can be made again."""

import os
from datetime import UTC, datetime

from firmward.model.errors import InputError


def moment() -> datetime:
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch is None:
        return datetime.now(UTC)
    try:
        return datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise InputError(f"SOURCE_DATE_EPOCH: {epoch!r} is not a number of seconds") from error
