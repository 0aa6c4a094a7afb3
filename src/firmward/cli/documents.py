"""The documents that an audit can write beside its reports: SBOM and VEX.

`audit` imports neither the formats nor their libraries: what makes each is given to it here, and imported when a file
asks for it.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmward.model.policy import Policy
    from firmward.model.report import Report
    from firmward.vulns.vex.author import Author

    Render = Callable[[Report], str]

ENDS = ("vex.cdx.json", ".cdx.json", ".spdx.json", "openvex.json", "csaf.json")
STATING = ("openvex.json", "csaf.json")
"""Forms that have no way to say that there is nothing to say."""
MAIL = re.compile(r"[^@\s]{1,64}@([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8})")
ADDRESS = re.compile(r"https://[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")


def all_forms(day: date, author: "Author") -> "dict[str, Render]":
    """All forms by suffix, those of reports among them. The longer of two that fit stands first."""
    from firmward.audit.writing import FORMS

    return {**documents(day, author), **FORMS}


def documents(day: date, author: "Author") -> "dict[str, Render]":
    def vex(report: "Report") -> str:
        from firmward.vulns.vex.cyclonedx import render_cyclonedx_vex

        return render_cyclonedx_vex(report, day, author)

    def cyclonedx(report: "Report") -> str:
        from firmward.vulns.sbom.cyclonedx import render_cyclonedx

        return render_cyclonedx(report, day)

    def spdx(report: "Report") -> str:
        from firmward.vulns.sbom.spdx import render_spdx

        return render_spdx(report, day)

    def openvex(report: "Report") -> str:
        from firmward.vulns.vex.openvex import render_openvex

        return render_openvex(report, day, author)

    def csaf(report: "Report") -> str:
        from firmward.vulns.vex.csaf import render_csaf

        return render_csaf(report, day, author)

    return {
        "vex.cdx.json": vex,
        ".cdx.json": cyclonedx,
        ".spdx.json": spdx,
        "openvex.json": openvex,
        "csaf.json": csaf,
    }


def is_document(output: Path) -> bool:
    """Whether a file names components, by its end."""
    return output.name.lower().endswith(ENDS)


def can_say(outputs: Sequence[Path], report: "Report") -> tuple[Path, ...]:
    """The outputs without those that could say nothing, of which the user is told: a build with nothing to state is no
    build that failed."""
    import typer

    from firmward.cli.inside import shown

    mute = () if report.vulnerabilities else tuple(one for one in outputs if one.name.lower().endswith(STATING))
    for path in mute:
        words = f"{path} is not written: the format wants a vulnerability to state something of, and there is none"
        old = "; what stands there is of before" if path.exists() else ""
        typer.echo(f"firmward: {shown(words)}{old}", err=True)
    return tuple(one for one in outputs if one not in mute)


def author_of(policy: "Policy | None") -> "Author":
    """Who speaks in a document, as far as the declaration names somebody."""
    from firmward.vulns.vex.author import Author

    contact = policy.support.contact if policy is not None and policy.support is not None else None
    if not contact:
        return Author()
    mail, address = MAIL.search(contact), ADDRESS.match(contact)
    return Author(contact, address[0] if address else f"https://{mail[1]}" if mail else "")
