"""What runs, what both slots hold, what is being installed, and what the last check came to.

It tells what it can: a disk or a boot loader that cannot be asked is told as that.
"""

from firmward.formats.canonical_json import Json
from firmward.model.errors import DeviceError, InputError, TrustError
from firmward.update import outcome, rollback, spent
from firmward.update.call import Call
from firmward.update.floors.floor import keeper
from firmward.update.install import Onto
from firmward.update.journal import WRITING, Journal
from firmward.update.outcome import printable
from firmward.update.rollback import Standing
from firmward.update.slots import Holding
from firmward.update.spent import Spent


def run(call: Call) -> int:
    floor, floor_table = _floor(call)
    slots, slots_table = _slots(call)
    last = outcome.kept(call.store)
    used = spent.kept(call.store)
    identity = call.identity
    lines = (
        f"{identity.product} {identity.version} on {identity.board}, channel {identity.channel}",
        f"rollback index {identity.rollback_index}, {floor}",
        *slots,
        *_quota_line(used, identity.quota),
        *(("never checked",) if last is None else (f"last check: {last.lines()[0]}", *last.lines()[1:])),
    )
    table: dict[str, Json] = {
        "schema": outcome.SCHEMA,
        "product": identity.product,
        "board": identity.board,
        "channel": identity.channel,
        "version": identity.version,
        "rollback_index": identity.rollback_index,
        "floor": floor_table,
        "slots": slots_table,
        "quota": _quota_table(used, identity.quota),
        "last": None if last is None else last.table(),
    }
    call.say(lines, table)
    return 0


def _floor(call: Call) -> tuple[str, Json]:
    floor = call.floor
    try:
        index = floor.read()
    except (DeviceError, TrustError) as error:
        return f"floor unknown: {printable(str(error))}", {"unknown": printable(str(error)), "by": floor.name}
    return f"floor {index}, {keeper(floor)}", {"index": index, "by": floor.name, "apart": floor.is_kept_apart}


def _slots(call: Call) -> tuple[tuple[str, ...], Json]:
    try:
        with call.onto() as onto:
            return _told(onto, rollback.standing(onto))
    except (DeviceError, InputError) as error:
        return (f"slots unknown: {printable(str(error))}",), {"unknown": printable(str(error))}


def _told(onto: Onto, standing: Standing) -> tuple[tuple[str, ...], Json]:
    state, last = standing.state, standing.last
    lines = [_slot_line(slot, holding, standing) for slot, holding in standing.holdings]
    table: dict[str, Json] = {
        "by": onto.loader.name,
        "running": state.running,
        "next": state.next,
        "good": [*sorted(state.good)],
        "holds": {slot: _holding(holding) for slot, holding in standing.holdings},
        "installing": None,
    }
    if last is not None and last.stage == WRITING:
        lines.append(f"being installed: {printable(last.version)} into slot {last.slot}, {_far(last)}")
        table["installing"] = {
            "version": printable(last.version),
            "slot": last.slot,
            "payload": last.payload,
            "offset": last.offset,
            "size": last.size,
        }
    if standing.fell_back:
        lines.append(f"fell back from the version with the manifest {standing.fell_back}: it is refused")
    return tuple(lines), {**table, "fell_back": standing.fell_back}


def _slot_line(slot: str, holding: Holding | None, standing: Standing) -> str:
    state = standing.state
    words = [
        *(("runs",) if slot == state.running else ()),
        *(("starts next",) if slot == state.next else ()),
        "good" if slot in state.good else "not proved",
    ]
    return f"slot {slot}: {'unknown' if holding is None else printable(holding.version)}, {', '.join(words)}"


def _holding(holding: Holding | None) -> Json:
    if holding is None:
        return None
    return {
        "version": printable(holding.version),
        "sha256": holding.sha256,
        "rollback_index": holding.rollback_index,
    }


def _far(last: Journal) -> str:
    return f"{last.payload}: {last.offset} of {last.size} bytes"


def _quota_line(used: Spent | None, quota: int) -> tuple[str, ...]:
    if not quota:
        return ()
    words = "nothing" if used is None else f"{used.amount} bytes in {used.name}"
    return (f"quota: {words} of {quota} bytes a month used",)


def _quota_table(used: Spent | None, quota: int) -> Json:
    if not quota:
        return None
    return {"limit": quota, "used": 0 if used is None else used.amount, "month": "" if used is None else used.name}
