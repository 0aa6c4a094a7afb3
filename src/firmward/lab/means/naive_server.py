"""What an updater as the field has it understands: a line of text with a version and the name of a script, and the
script, which it runs. It is offered beside the repository, at the same address, by whoever holds the line."""

from firmward.lab.challenge import Challenge
from firmward.lab.means.program import script

FOLDER = "/firmware/"
MODEL = "cam-2"


def asked_of(model: str) -> str:
    """What an updater of this model asks for first."""
    return f"{FOLDER}{model}.txt"


ASKED = asked_of(MODEL)


def offered(version: str, challenge: Challenge, model: str = MODEL) -> dict[str, bytes]:
    """Files by path. Whichever version the text names, the script is the one that the attacker chose."""
    name = f"{model}-{version}.sh"
    return {asked_of(model): f"{version} {name}\n".encode(), f"{FOLDER}{name}": script(challenge).encode()}
