"""`firmward vulns match PRODUCT VERSION`: which vulnerabilities one product has, and why."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firmward.cli.console import Color, ColorOption
from firmward.cli.inside import JsonOption
from firmward.cli.loose import KernelConfigOption
from firmward.cli.vulns_database import DatabaseOption, database_path

if TYPE_CHECKING:
    from firmward.facts.kernel_config import KernelOptions
    from firmward.model.component import Component
    from firmward.model.vulnerability import Vulnerability
    from firmward.vulns.match import Matches
    from firmward.vulns.not_built import Judge
    from firmward.vulns.record import Knowledge

EPILOG = """\
What a distribution says of its own packages counts first; the kernel is judged by the pairs of its own CNA; then come
the CNA of each CVE, OSV and NVD. What cannot be compared is told apart, and is never taken for harmless.

Examples:

  firmward vulns match openssl 1.1.1k

  firmward vulns match linux 6.1.170 --kernel-config .config

  firmward vulns match openssl 3.0.11-1~deb12u2 --distribution debian:12

  firmward vulns match pkg:npm/lodash 4.17.20 --json | jq -r '.vulnerabilities[].id'

Exit codes:

- 0: told, whether there are any or not
- 2: the input or the command is wrong, or there is no database
"""
WORD_LIMIT = 300

ProductArgument = Annotated[
    str,
    typer.Argument(
        metavar="PRODUCT",
        help="A name (openssl), CPE's vendor:product (haxx:curl), or a package URL (pkg:pypi/requests).",
        show_default=False,
    ),
]
VersionArgument = Annotated[str, typer.Argument(metavar="VERSION", help="Its version.", show_default=False)]
VendorOption = Annotated[
    str, typer.Option("--vendor", metavar="VENDOR", help="Who makes it, by CPE's name.", show_default=False)
]
DistributionOption = Annotated[
    str,
    typer.Option(
        "--distribution",
        metavar="NAME:RELEASE",
        help="PRODUCT is a source package of this distribution, VERSION its version: debian:12, alpine:3.20.",
        show_default=False,
    ),
]


def add_to(app: typer.Typer) -> None:
    app.command("match", epilog=EPILOG)(match)


def match(
    product: ProductArgument,
    version: VersionArgument,
    vendor: VendorOption = "",
    distribution: DistributionOption = "",
    kernel_config: KernelConfigOption = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
    color: ColorOption = Color.AUTO,
) -> None:
    """Print which vulnerabilities a version of a product has, the most urgent first, why, and what to do."""
    from firmward.cli.kernel_options import read_options
    from firmward.cli.vulns_page import print_matches
    from firmward.model.errors import InputError
    from firmward.vulns.match import matches
    from firmward.vulns.names import is_kernel
    from firmward.vulns.rank import ranked

    component = asked(product, version, vendor, distribution)
    if kernel_config is not None and not is_kernel(component):
        raise InputError(f"--kernel-config says nothing of {product}: it is no kernel")
    options = None if kernel_config is None else read_options(kernel_config)
    found = matches(component, open_knowledge(db))
    vulnerabilities = ranked((found,))
    if options is not None:
        from firmward.model.vulnerability import urgency
        from firmward.vulns import not_built

        _warn_of_another_line(version, options)
        vulnerabilities = tuple(sorted(not_built.decided(vulnerabilities, judge_of(version, options)), key=urgency))
    if as_json:
        typer.echo(json.dumps(_document(found, vulnerabilities), indent=2, ensure_ascii=False, default=str))
    else:
        print_matches(found, vulnerabilities, color)


def asked(product: str, version: str, vendor: str, distribution: str) -> "Component":
    """The component that the command is about. Raises InputError."""
    from firmward.model.component import Component
    from firmward.model.errors import InputError

    for name, word in (("PRODUCT", product), ("VERSION", version)):
        if not word.strip() or len(word) > WORD_LIMIT or not word.isprintable():
            raise InputError(f"{name} is empty, too long, or not printable")
    if distribution and not all(distribution.partition(":")[::2]):
        raise InputError(f"--distribution {distribution}: give the name and the release, as debian:12")
    if product.startswith("pkg:"):
        name = product.partition("@")[0].rpartition("/")[2]
        return Component(name, version.strip(), purl=product, distribution=distribution)
    maker, colon, name = product.rpartition(":")
    given = vendor or maker
    if colon and not (maker and name):
        raise InputError(f"{product}: give vendor:product")
    # `kernel` of a vendor is whose it is; without one it is Linux
    cpes = (f"cpe:2.3:a:{given}:{name}:*:*:*:*:*:*:*:*",) if given else ()
    return Component(name, version.strip(), vendor=given, cpes=cpes, source=name, distribution=distribution)


def open_knowledge(path: Path | None) -> "Knowledge":
    """The database. Raises InputError where there is none."""
    from firmward.vulns.database import Database

    return Database(database_path(path))


def judge_of(version: str, options: "KernelOptions") -> "Judge":
    """What a kernel of this version was built from, by its configuration."""
    from firmward.vulns.kernel_build import KernelBuild

    return KernelBuild(version, options.architecture, options).vex


def _warn_of_another_line(version: str, options: "KernelOptions") -> None:
    """Of a configuration that was made for another line: options come and go."""
    from firmward.audit.redact import visible
    from firmward.vulns import kernel

    asked, made = kernel.release(version), kernel.release(options.version)
    if isinstance(asked, kernel.Release) and isinstance(made, kernel.Release) and asked.line != made.line:
        words = f"{options.name} was made for Linux {options.version}, and not for the line {asked.line_name}"
        typer.echo(f"firmward: {visible(words)}", err=True)


def _document(found: "Matches", vulnerabilities: "Sequence[Vulnerability]") -> dict[str, object]:
    from firmward.audit.json_record import to_json

    component = found.component
    return {
        "schema": "firmward.matches/1",
        "component": {
            "name": component.name,
            "version": component.version,
            "purl": component.purl,
            "distribution": component.distribution,
        },
        "vulnerabilities": [to_json(one) for one in vulnerabilities],
        "doubts": [to_json(one) for one in found.doubts],
        "unknown": list(found.unknown),
    }
