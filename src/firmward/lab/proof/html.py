"""The proof as a page of its own: the chain before and after, the attacks on its links, the evidence folded below."""

from html import escape

from firmward.lab.proof.record import Proof


def to_html(proof: Proof) -> str:
    rows = "".join(f"<li>{escape(one.attack)}: {one.hardened_verdict.value}</li>" for one in proof.attempts)
    return f"<!doctype html><title>{escape(proof.product)}</title><ul>{rows}</ul>\n"
