"""The proof as one HTML file that needs nothing else: the chain of trust before and after, the attacks on its links,
and the evidence of each folded below.

It looks as the audit's page does, whose style it takes and adds to. What a device said is hostile: it is escaped, and
the page's content policy would run nothing of it.
"""

from firmward.audit import chain_words, page
from firmward.lab.device import Kind
from firmward.lab.links import ABOUT, TITLES
from firmward.lab.proof import words
from firmward.lab.proof.record import Proof

PACKAGE = "firmward.lab.proof"
CODE = "`"


def to_html(proof: Proof) -> str:
    from jinja2 import BaseLoader, Environment

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, loader=BaseLoader())
    environment.filters["duration"] = words.duration
    environment.filters["pieces"] = _pieces
    style = page.text("firmward.audit", "report.css") + page.text(PACKAGE, "proof.css")
    script = page.text(PACKAGE, "proof.js")
    return environment.from_string(page.text(PACKAGE, "proof.html.j2")).render(
        proof=proof,
        words=words,
        chain_words=chain_words,
        titles=TITLES,
        about=ABOUT,
        count=words.tally(proof),
        struck=proof.struck(),
        audited_twin=proof.audited[Kind.PLAIN],
        gaps={one.attack for one in proof.gaps()},
        contradicted={one.attack for one in proof.contradicted()},
        style=style,
        script=script,
        policy=page.content_policy(style, script),
    )


def _pieces(text: str) -> list[tuple[bool, str]]:
    """Words of our own, split at the signs of code, each with whether it is code."""
    return [(number % 2 == 1, piece) for number, piece in enumerate(text.split(CODE)) if piece]
