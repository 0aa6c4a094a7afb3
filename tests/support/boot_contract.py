"""What the contract of the state partition (docs/adr/014) says in words, in Python: U-Boot's script is compared with
it, and so is whoever predicts the script."""

from dataclasses import replace

from firmward.formats.boot_state import Request, State

OTHER = {"a": "b", "b": "a"}


def expected(state: State, request: Request, starts: str) -> tuple[list[tuple[str, int]], State]:
    """The slots tried with the tries left then, and the state in the end; `starts` are the slots whose image starts."""
    writes = 0
    if request != Request():
        if request.good and request.good == state.last:
            state = replace(state, **{f"{request.good}_left": 3, f"{request.good}_good": True})
        if request.active:
            state = replace(
                state, active=request.active, **{f"{request.active}_left": 3, f"{request.active}_good": False}
            )
        writes += 1
    tried = []
    while True:
        state = chosen(state)
        slot = state.active
        state = replace(state, last=slot, **{f"{slot}_left": left(state, slot) - 1})
        writes += 1
        tried.append((slot, left(state, slot)))
        if slot in starts:
            return tried, replace(state, seq=state.seq + writes)
        state = replace(state, **{f"{slot}_left": 0, f"{slot}_good": False})
        writes += 1


def chosen(state: State) -> State:
    here, there = state.active, OTHER[state.active]
    if left(state, here):
        return state
    if left(state, there):
        return replace(state, active=there)
    begin = there if good(state, there) and not good(state, here) else here
    return replace(state, active=begin, a_left=3, b_left=3)


def left(state: State, slot: str) -> int:
    return state.a_left if slot == "a" else state.b_left


def good(state: State, slot: str) -> bool:
    return state.a_good if slot == "a" else state.b_good
