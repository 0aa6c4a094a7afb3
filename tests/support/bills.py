"""The official schemas as witnesses, and what tests of bills ask of them again and again."""

import json
import os
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, validators
from referencing import Registry, Resource

FOLDER = "FIRMWARD_TEST_SCHEMAS"
"""Names a folder with the schemas of SPDX 2.3 (spdx23.json), OpenVEX 0.2.0 (openvex.json), CSAF 2.0 (csaf.json) and
CVSS (cvss-v2.0.json, -v3.0, -v3.1), as their makers publish them: their terms keep them from lying here."""


def _distinct(validator: Any, wanted: bool, instance: Any, schema: Any) -> Any:
    """As the library's, which compares each item with each other."""
    if wanted and isinstance(instance, list):
        seen = [json.dumps(item, sort_keys=True) for item in instance]
        if len(set(seen)) != len(seen):
            yield validators.ValidationError("items are not unique")  # type: ignore[attr-defined]


@cache
def cyclonedx_validator() -> Any:
    """Of CycloneDX 1.6, with the schema that the library of its makers ships."""
    folder = files("cyclonedx.schema").joinpath("_res")
    names = ("bom-1.6", "spdx", "jsf-0.82")
    schemas = {name: json.loads(folder.joinpath(f"{name}.SNAPSHOT.schema.json").read_text()) for name in names}
    registry: Registry[Any] = Registry().with_resources(
        (f"http://cyclonedx.org/schema/{name}.SNAPSHOT.schema.json", Resource.from_contents(schema))
        for name, schema in schemas.items()
    )
    quick = validators.extend(Draft7Validator, {"uniqueItems": _distinct})
    return quick(schemas["bom-1.6"], registry=registry, format_checker=Draft7Validator.FORMAT_CHECKER)


def keeps_cyclonedx(text: str) -> None:
    """Raises for what is not valid, in a message that does not hold the document."""
    _no_errors(cyclonedx_validator(), json.loads(text))


def keeps_official(name: str, text: str) -> None:
    """Skips where the schemas are not at hand."""
    folder = os.environ.get(FOLDER)
    if not folder:
        pytest.skip(f"{FOLDER} names no folder with the official schemas")
    _no_errors(_official(folder, name), json.loads(text))


@cache
def _official(folder: str, name: str) -> Any:
    schemas = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(Path(folder).glob("*.json"))]
    named = [(schema.get("$id") or schema.get("id"), schema) for schema in schemas]
    registry: Registry[Any] = Registry().with_resources(
        (id_, Resource.from_contents(schema)) for id_, schema in named if id_
    )
    schema = json.loads(Path(folder, f"{name}.json").read_text(encoding="utf-8"))
    kind = validators.extend(validators.validator_for(schema), {"uniqueItems": _distinct})
    return kind(schema, registry=registry, format_checker=kind.FORMAT_CHECKER)


def _no_errors(validator: Any, document: Any) -> None:
    for error in validator.iter_errors(document):
        place = "/".join(map(str, error.absolute_path))
        raise AssertionError(f"{place}: {str(error.message)[:300]} ({error.validator})")
