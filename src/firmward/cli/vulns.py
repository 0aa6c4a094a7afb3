"""`firmward vulns`: the database of vulnerabilities. Each subcommand is a file of its own beside this one."""

import typer

HELP = "What is known of vulnerabilities: a local database, and what is asked of it."
EPILOG = """
**Examples**

    firmward vulns update

    firmward vulns status

The network is used by `update` alone, and not where `--from` names files. A machine without one takes a bundle:
`firmward vulns export` on one that has, `firmward vulns import` there.
"""


def add_to(app: typer.Typer) -> None:
    from firmward.cli import vulns_bundle, vulns_lifecycle, vulns_match, vulns_status, vulns_triage, vulns_update

    group = typer.Typer(help=HELP, epilog=EPILOG, no_args_is_help=True, rich_markup_mode="markdown")
    for verb in (vulns_update, vulns_status, vulns_match, vulns_triage, vulns_bundle, vulns_lifecycle):
        verb.add_to(group)
    app.add_typer(group, name="vulns")
