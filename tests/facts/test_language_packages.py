"""Packages of programming languages: by what each installed one carries."""

import json

import pytest

from firmward.facts.collection import Collection
from firmward.facts.language_packages import LanguagePackages
from firmward.model.component import Component
from firmward.model.memory import Content, MemoryTree

SITE = "usr/lib/python3.11/site-packages"
METADATA = (
    "Metadata-Version: 2.1\nName: PyYAML\nVersion: 6.0.1\nLicense: MIT\nRequires-Dist: wheel >= 1\n"
    "Requires-Dist: pytest ; extra == 'test'\n\nVersion: 9\n"
)
PACKAGE = json.dumps({"name": "@maker/ui", "version": "1.2.3", "license": "MIT", "dependencies": {"lodash": "^4"}})
SYSTEMS: list[tuple[str, Content, tuple[str, str, str]]] = [
    (f"{SITE}/PyYAML-6.0.1.dist-info/METADATA", METADATA, ("PyYAML", "6.0.1", "pkg:pypi/pyyaml@6.0.1")),
    (f"{SITE}/six.egg-info/PKG-INFO", "Name: six\nVersion: 1.16\n", ("six", "1.16", "pkg:pypi/six@1.16")),
    (f"{SITE}/six-1.16.egg-info", "Name: my_six\nVersion: 1.16\n", ("my_six", "1.16", "pkg:pypi/my-six@1.16")),
    ("app/node_modules/@maker/ui/package.json", PACKAGE, ("@maker/ui", "1.2.3", "pkg:npm/%40maker/ui@1.2.3")),
    ("app/node_modules/x/package.json", '{"version": "2.0.0"}', ("x", "2.0.0", "pkg:npm/x@2.0.0")),
    ("usr/lib/luarocks/rocks-5.1/luasocket/3.0.0-1/rock_manifest", "", ("luasocket", "3.0.0",
        "pkg:luarocks/luasocket@3.0.0-1")),
    ("usr/lib/ruby/gems/3.1.0/specifications/default/json-2.6.1.gemspec", "", ("json", "2.6.1",
        "pkg:gem/json@2.6.1")),
    ("var/lib/gems/specifications/nokogiri-1.13.1-x86_64-linux.gemspec", "", ("nokogiri", "1.13.1",
        "pkg:gem/nokogiri@1.13.1")),
    ("www/vendor/composer/installed.json", '{"packages": [{"name": "Twig/twig", "version": "v3.4.1"}]}',
        ("Twig/twig", "3.4.1", "pkg:composer/twig/twig@3.4.1")),
    ("www/vendor/composer/installed.json", '[{"name": "a/b", "version": "1"}, 7, {"name": 1}]',
        ("a/b", "1", "pkg:composer/a/b@1")),
]  # fmt: skip


def found(files: dict[str, Content]) -> LanguagePackages:
    packages = Collection(MemoryTree(files)).get(LanguagePackages)
    assert isinstance(packages, LanguagePackages)
    return packages


def only(path: str, content: Content) -> Component:
    packages = found({path: content})
    assert not packages.unread
    (one,) = packages.found
    return one


@pytest.mark.parametrize(("path", "content", "wanted"), SYSTEMS)
def test_each_tells_name_version_and_url(path: str, content: Content, wanted: tuple[str, str, str]) -> None:
    one = only(path, content)
    assert (one.name, one.version, one.purl) == wanted
    assert one.evidence[0].at.path == path


def test_what_they_need_and_their_licences_are_kept() -> None:
    python, node = only(SYSTEMS[0][0], METADATA), only(SYSTEMS[3][0], PACKAGE)
    assert (python.depends, python.licences) == (("pkg:pypi/wheel",), ("MIT",))
    assert (node.depends, node.licences) == (("pkg:npm/lodash",), ("MIT",))


NONE: list[tuple[str, Content]] = [
    ("app/package.json", PACKAGE),
    (f"{SITE}/x.dist-info/METADATA", "Name: \x1b[2J\nVersion: 1\n"),
    ("app/node_modules/x/package.json", '{"name": "x"}'),
    ("app/node_modules/x/lib/package.json", '{"name": "x", "version": "1"}'),
]


@pytest.mark.parametrize(("path", "content"), NONE)
def test_what_names_no_package_is_none(path: str, content: Content) -> None:
    assert Collection(MemoryTree({path: content})).get(LanguagePackages) is None


@pytest.mark.parametrize("content", ["{", "[" * 100_000, "\x00", '{"a": ' * 5000])
def test_what_is_broken_is_told(content: str) -> None:
    assert "is no JSON" in found({"x/node_modules/a/package.json": content}).unread[0]
