"""`firmward explain`: one check for an engineer, from the check's own file."""

from inspect import cleandoc
from typing import TYPE_CHECKING, Annotated

import typer

from firmward.cli.console import Color, ColorOption, make_console

if TYPE_CHECKING:
    from rich.console import Console

    from firmward.model.check import Check, Example

EPILOG = """
**Example**

    firmward explain ssh-root-login
"""


def _complete(incomplete: str) -> list[str]:
    from firmward.audit.catalogue import catalogue

    return [check.id for check in catalogue() if check.id.startswith(incomplete)]


CheckArgument = Annotated[str, typer.Argument(help="A check's id.", autocompletion=_complete, metavar="CHECK")]


def add_to(app: typer.Typer) -> None:
    app.command("explain", epilog=EPILOG)(explain)


def explain(check: CheckArgument, color: ColorOption = Color.AUTO) -> None:
    """What a check asks, why it matters, a bad and a good example."""
    from firmward.audit.catalogue import find_check

    _print(find_check(check), make_console(color))


def _print(check: "Check", console: "Console") -> None:
    from rich.markdown import Markdown

    console.print(f"[bold]{check.title}[/]")
    weakness = f" · CWE-{check.cwe}" if check.cwe else ""
    console.print(f"{check.id} · {check.area} · {check.severity.value} · {', '.join(check.practice)}{weakness}\n")
    console.print(Markdown(cleandoc(check.doc)))
    console.print(f"\n[dim]Reads: {', '.join(read.family.__name__ for read in check.reads)}[/]")
    _examples(console, "Fails", "red", check.bad)
    _findings(console, check)
    _examples(console, "Passes", "green", check.good)


def _findings(console: "Console", check: "Check") -> None:
    """What the check says of the example above, and the cure."""
    from firmward.audit.example import judge_example

    for finding in judge_example(check, check.bad[0]).findings:
        severity = (finding.severity or check.severity).value
        console.print(f"\n  {severity} {finding.key}: {finding.message}", style="yellow", markup=False)
        if finding.remedy is not None:
            console.print(f"  Remedy ({finding.remedy.safety.value}): {finding.remedy.summary}", markup=False)
            if finding.remedy.breaks:
                console.print(f"  May break: {finding.remedy.breaks}", markup=False)


def _examples(console: "Console", title: str, style: str, examples: "tuple[Example, ...]") -> None:
    from firmward.audit.example import fact_lines
    from firmward.model.memory import Node

    example = examples[0]
    console.print(f"\n[bold {style}]{title}[/]")
    if example.policy:
        console.print("  device.toml", style="cyan")
        _indent(console, example.policy)
    for path, content in example.files.items():
        node = content if isinstance(content, Node) else Node(content)
        target = f" -> {node.target}" if node.target else ""
        console.print(f"  /{path.strip('/')}{target}", style="cyan", markup=False)
        if isinstance(node.content, str):
            _indent(console, node.content)
    for record in example.facts:
        console.print("  read of the image", style="cyan")
        _indent(console, "\n".join(fact_lines(record)))


def _indent(console: "Console", text: str) -> None:
    for line in text.splitlines():
        console.print(f"    {line}", markup=False)
