"""Is there an update?"""

from firmward.update import asking, outcome
from firmward.update.call import Call
from firmward.update.codes import CODES
from firmward.update.settling import settle


def run(call: Call) -> int:
    settle(call)
    found = asking.asked(call, asking.is_there)
    outcome.keep(call.store, found)
    call.say(found.lines(), found.table())
    return CODES[found.outcome]
