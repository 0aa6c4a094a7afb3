"""The proof as a page of documentation."""

from firmward.lab.proof.record import Proof


def to_markdown(proof: Proof) -> str:
    rows = "".join(
        f"| {one.attack} | {one.plain_verdict.value} | {one.hardened_verdict.value} | {one.seconds:.1f} |\n"
        for one in proof.attempts
    )
    return f"# Proof\n\n| attack | twin | device | seconds |\n| --- | --- | --- | --- |\n{rows}"
