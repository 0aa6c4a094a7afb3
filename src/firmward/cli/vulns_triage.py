"""`firmward vulns triage`: decide on vulnerabilities, and keep what was decided."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firmward.cli.console import Color, ColorOption
from firmward.cli.inside import JsonOption, shown
from firmward.model.errors import InputError
from firmward.model.vulnerability import Justification, VexState

if TYPE_CHECKING:
    from firmward.model.vulnerability import Vulnerability
    from firmward.vulns.triage import Decision
    from firmward.vulns.vex.statement import Statement

HELP = "Decide on vulnerabilities, and keep what was decided beside device.toml."
EPILOG = """
**Examples**

    firmward vulns triage list report.json

    firmward vulns triage set CVE-2023-2166 --report report.json --component linux --state not_affected
    --justification code_not_present --reason "CONFIG_CAN is off" --owner "M. Okafor"

    firmward vulns triage walk report.json

    firmward vulns triage import supplier.openvex.json

    firmward vulns triage export report.json -o vex.cdx.json -o csaf.json

Decisions are kept in triage.toml. `firmward audit --policy device.toml` applies the one that lies beside it. A decision
counts for the version it was made for: another version needs a review, and nothing is lost.
"""
EXIT_CODES = """
**Exit codes**: 0, or 2 where the input or the command is wrong.
"""

FileOption = Annotated[
    Path, typer.Option("--file", "-f", metavar="FILE", help="Where decisions are kept.", show_default=True)
]
SourceArgument = Annotated[
    Path,
    typer.Argument(metavar="SOURCE", help="A report.json, a CycloneDX SBOM with vulnerabilities, or a VEX document."),
]
DryOption = Annotated[bool, typer.Option("--dry-run", "-n", help="Say what would change, and write nothing.")]
OwnerOption = Annotated[str, typer.Option("--owner", metavar="NAME", help="Who answers for it.", show_default=False)]
DEFAULT = Path("triage.toml")


def add_to(group: typer.Typer) -> None:
    triage = typer.Typer(help=HELP, epilog=EPILOG, no_args_is_help=True, rich_markup_mode="markdown")
    triage.command("list", epilog=EXIT_CODES)(list_)
    triage.command("set", epilog=EXIT_CODES)(set_)
    triage.command("walk", epilog=EXIT_CODES)(walk)
    triage.command("import", epilog=EXIT_CODES)(import_)
    triage.command("export", epilog=EXIT_CODES)(export)
    group.add_typer(triage, name="triage")


def list_(
    source: SourceArgument,
    file: FileOption = DEFAULT,
    show_all: Annotated[bool, typer.Option("--all", "-a", help="Those that are decided too.")] = False,
    as_json: JsonOption = False,
    color: ColorOption = Color.AUTO,
) -> None:
    """List what nobody has decided on, or must look at again."""
    from firmward.audit.json_record import to_json
    from firmward.cli.judging import judging_day
    from firmward.cli.triage_file import read_decisions, read_source
    from firmward.vulns.triage import applied, is_open

    read = read_source(source)
    found = applied(read.vulnerabilities, read_decisions(file), judging_day().today)
    listed = [one for one in found.vulnerabilities if show_all or is_open(one)]
    if as_json:
        document = {"vulnerabilities": [to_json(one) for one in listed], "stale": list(found.stale)}
        typer.echo(json.dumps(document, indent=2))
        return
    _print(listed, len(found.vulnerabilities), color)
    _tell(f"stale, on what is not here any more: {words}" for words in found.stale)
    _tell(read.notes)


def set_(
    id_: Annotated[str, typer.Argument(metavar="ID", help="CVE-2024-1234, or what the feed calls it.")],
    component: Annotated[str, typer.Option("--component", "-c", metavar="NAME", help="Its package URL or name.")],
    state: Annotated[VexState, typer.Option("--state", "-s", metavar="STATE", help=", ".join(VexState))],
    justification: Annotated[
        Justification | None,
        typer.Option(
            "--justification",
            "-j",
            metavar="WHY",
            show_default=False,
            help=f"Why it is not affected: {', '.join(Justification)}.",
        ),
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", "-r", metavar="TEXT", help="In your words.", show_default=False)
    ] = "",
    owner: OwnerOption = "",
    version: Annotated[
        str,
        typer.Option(
            "--version", metavar="V", help="The version decided for.  [default: that in --report]", show_default=False
        ),
    ] = "",
    expires: Annotated[
        datetime | None,
        typer.Option(
            "--expires", metavar="DAY", formats=["%Y-%m-%d"], help="Look again after this day.", show_default=False
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="SOURCE", help="What it was found in; must have it then.", show_default=False),
    ] = None,
    file: FileOption = DEFAULT,
    dry_run: DryOption = False,
) -> None:
    """Keep one decision."""
    from firmward.cli.judging import judging_day
    from firmward.cli.triage_file import read_decisions, read_source
    from firmward.vulns import identity
    from firmward.vulns.triage import Decision, check

    if state is VexState.NOT_AFFECTED and justification is None and not reason:
        raise InputError("not_affected wants to know why: --justification, --reason or both")
    found = () if report is None else read_source(report).vulnerabilities
    purl = identity.purl_of(component)
    new = Decision(
        id_,
        identity.package(component, component),
        version or (purl.version or "" if purl else ""),
        state.value,
        None if justification is None else justification.value,
        reason,
        owner,
        judging_day().today,
        None if expires is None else expires.date(),
    )
    matching = _matching(found, id_, component) if report is not None else ()
    versions = _versions(matching, new.version, report)
    decisions = read_decisions(file)
    before = decisions
    for one in [_completed(new, one) for one in matching if one.version in versions] or [new]:
        check(one, id_)
        decisions = _decided(decisions, one, {other.version for other in matching})
    _keep(file, before, decisions, dry_run=dry_run)


def _matching(found: "Sequence[Vulnerability]", id_: str, component: str) -> "tuple[Vulnerability, ...]":
    """Raises InputError where the report has none such."""
    from firmward.vulns import identity
    from firmward.vulns.triage import about

    wanted = identity.package(component, component)
    same = [one for one in found if id_ == one.id or id_ in one.aliases]
    matching = tuple(one for one in same if wanted in (about(one)[1], one.name))
    if not matching and same:
        raise InputError(
            f"{id_} is not of {component}; it is of {', '.join(sorted({about(one)[1] for one in same}))}"[:400]
        )
    if not matching:
        raise InputError(f"{id_} is not in the report")
    return matching


def _versions(matching: "Sequence[Vulnerability]", version: str, report: Path | None) -> set[str]:
    """The versions that are decided for: the one given, or all that are there."""
    there = {one.version for one in matching}
    if report is not None and version and version not in there:
        raise InputError(f"version {version} is not in the report; it has {', '.join(sorted(there))}"[:400])
    return {version} if version else there


def _completed(new: "Decision", one: "Vulnerability") -> "Decision":
    """The decision, as the report names what it is on."""
    from firmward.vulns.triage import about, fingerprint

    id_, component = about(one)
    return replace(new, id=id_, component=component, version=one.version, files=fingerprint(one.files))


def _decided(decisions: "tuple[Decision, ...]", new: "Decision", there: Iterable[str]) -> "tuple[Decision, ...]":
    """With the new decision, unless the same was decided before: then it keeps its day."""
    from firmward.vulns.triage import decide

    if any(replace(one, decided=new.decided) == new for one in decisions):
        return decisions
    return decide(decisions, new, there)


def _keep(file: Path, before: "Sequence[Decision]", after: "Sequence[Decision]", *, dry_run: bool) -> None:
    from firmward.cli.triage_file import write_decisions

    changed = [one for one in after if one not in before]
    words = [f"{one.id} in {one.component} {one.version}: {one.state}" for one in changed]
    if not changed:
        typer.echo(f"Nothing to change in {shown(str(file))}")
    elif dry_run:
        typer.echo("\n".join(f"would keep {shown(word)}" for word in words))
    else:
        write_decisions(file, after)
        typer.echo("\n".join((*(f"kept {shown(word)}" for word in words), f"Wrote {shown(str(file))}")))


def walk(source: SourceArgument, file: FileOption = DEFAULT, owner: OwnerOption = "") -> None:
    """Go through what is open, one vulnerability after the other, on a terminal."""
    from firmward.cli.judging import judging_day
    from firmward.cli.triage_file import read_source
    from firmward.cli.triage_walk import go_through

    go_through(read_source(source).vulnerabilities, file, owner, judging_day().today)


def import_(
    document: Annotated[Path, typer.Argument(metavar="VEX", help="CycloneDX, OpenVEX or CSAF, in JSON.")],
    file: FileOption = DEFAULT,
    owner: OwnerOption = "",
    replace_own: Annotated[
        bool, typer.Option("--replace", help="Also where something was decided for the same version before.")
    ] = False,
    dry_run: DryOption = False,
) -> None:
    """Take over what others decided. What says neither a decision nor what it is on is told and left out."""
    from firmward.cli.judging import judging_day
    from firmward.cli.triage_file import read_decisions
    from firmward.vulns.sbom.reading import file_bytes
    from firmward.vulns.vex.reading import read_statements

    found = read_statements(file_bytes(document), document.name)
    before = decisions = read_decisions(file)
    known = {(*one.about, one.version) for one in before}
    left: list[str] = list(found.notes)
    for one in found.found:
        new = _imported(one, owner or document.name, judging_day().today)
        if isinstance(new, str):
            left.append(f"{one.vulnerability}: {new}")
        elif replace_own or (*new.about, new.version) not in known:
            decisions = _decided(decisions, new, {new.version})
        elif new not in before and all(replace(new, decided=old.decided) != old for old in before):
            left.append(f"{new.id} in {new.component}: decided here before; --replace takes the other")
    _keep(file, before, decisions, dry_run=dry_run)
    _tell(left)


def _imported(one: "Statement", owner: str, today: date) -> "Decision | str":
    """A decision, or why there is none."""
    from firmward.vulns.triage import Decision

    if one.vex.state is VexState.IN_TRIAGE and not one.vex.detail:
        return "nothing is decided"
    if not one.vulnerability or not one.product.package:
        return "names no component" if one.vulnerability else "names no vulnerability"
    reason = one.vex.justification if one.vex.state is VexState.NOT_AFFECTED else None
    return Decision(
        one.vulnerability,
        one.product.package,
        one.product.any_version,
        one.vex.state.value,
        None if reason is None else reason.value,
        one.vex.detail,
        one.vex.by or owner,
        one.vex.decided or today,
    )


def export(
    report: Annotated[Path, typer.Argument(metavar="REPORT", help="A report.json, which firmward audit writes.")],
    output: Annotated[
        list[Path],
        typer.Option("--output", "-o", metavar="FILE", help="vex.cdx.json, openvex.json, csaf.json. Repeatable."),
    ],
    file: FileOption = DEFAULT,
    policy: Annotated[
        Path | None,
        typer.Option("--policy", "-p", metavar="FILE", help="device.toml: whose contact speaks.", show_default=False),
    ] = None,
) -> None:
    """Write what was decided for others to read."""
    from firmward.audit.writing import check_outputs, write_reports
    from firmward.cli.documents import author_of, documents
    from firmward.cli.judging import judging_day, read_policy
    from firmward.cli.triage_file import read_decisions, read_source
    from firmward.vulns.triage import applied

    today = judging_day().today
    forms = documents(today, author_of(read_policy(policy)))
    check_outputs(output, [report, file], forms)
    source = read_source(report)
    if source.report is None:
        raise InputError(f"{report}: is no report; `firmward audit IMAGE -o report.json` writes one")
    found = applied(source.vulnerabilities, read_decisions(file), today)
    write_reports(replace(source.report, vulnerabilities=found.vulnerabilities), output, forms)
    typer.echo("\n".join(f"Wrote {shown(str(path))}" for path in output))


def _print(listed: "Sequence[Vulnerability]", count: int, color: Color) -> None:
    from rich.table import Table
    from rich.text import Text

    from firmward.cli.console import make_console

    console = make_console(color)
    table = Table("Vulnerability", "Component", "Version", "Severity", "State", box=None, padding=(0, 2, 0, 0))
    for one in listed:
        vex = one.vex
        state = "open" if vex is None else f"needs review: {vex.needs_review}" if vex.needs_review else vex.state.value
        table.add_row(*(Text(shown(word)) for word in (one.id, one.name, one.version, one.severity.value, state)))
    if listed:
        console.print(table)
    console.print(f"{len(listed)} of {count} listed.", style="dim")


def _tell(words: Iterable[str]) -> None:
    for word in words:
        typer.echo(f"firmward: {shown(word)}", err=True)
