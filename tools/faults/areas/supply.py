"""Components, what is known of them, and how that is told."""

from fault import Fault

COMPONENTS = "tests/facts/test_components.py"
PACKAGES = "tests/facts/test_packages.py tests/facts/test_rpm_packages.py tests/facts/test_package_files.py"
ADVISORIES = "tests/vulns/test_advisories.py"
CHECKS = "tests/checks/supply/test_supply.py"
CLI = "tests/cli/test_audit_supply.py"

FAULTS = (
    Fault(
        "facts/components.py",
        "            own = tuple(path for path in one.files if path not in self._owners)\n",
        "            own = one.files\n",
        COMPONENTS,
        "a file of a package is a component of its own",
    ),
    Fault(
        "facts/components.py",
        'also.version in ("", known.version)',
        "True",
        COMPONENTS,
        "what a list says counts as the version of a file that says another",
    ),
    Fault(
        "facts/components.py",
        "    if isinstance(linkage, Linkage):\n        merged.linked(linkage)\n",
        "",
        COMPONENTS,
        "what is linked is no dependency",
    ),
    Fault(
        "facts/linkage.py",
        "named.get((machine, bits, name), ())",
        "[one for key, paths in named.items() if key[2] == name for one in paths]",
        COMPONENTS,
        "a library of another word size is needed",
    ),
    Fault(
        "facts/component_sources/boot.py",
        'version = "" if upstream is None or ABI.match(one.release) else upstream[0]',
        'version = "" if upstream is None else upstream[0]',
        COMPONENTS,
        "Debian's number of an ABI is taken for an upstream version",
    ),
    Fault(
        "facts/vulnerabilities.py",
        "    known = _through(reach, linkage) if isinstance(reach, Reach) else None\n",
        "    known = reach if isinstance(reach, Reach) else None\n",
        COMPONENTS,
        "a library is out of reach though who needs it listens",
    ),
    Fault(
        "facts/package_databases/rpm.py",
        "    if header.name == KEYS:\n        return\n",
        "    if header.name:\n        return\n",
        PACKAGES,
        "no package of rpm is told",
    ),
    Fault(
        "facts/package_databases/rpm.py",
        "            if log is not None and log.size:\n",
        "            if False:\n",
        PACKAGES,
        "what rpm wrote last is not missed",
    ),
    Fault(
        "formats/berkeley_hash.py",
        "        left -= held\n",
        "        left -= page\n",
        PACKAGES,
        "a header over several pages is cut",
    ),
    Fault(
        "facts/package_databases/stanzas.py",
        'if fields.get("status", ("installed", 0))[0].split()[-1:] != ["installed"]:',
        "if False:",
        PACKAGES,
        "a package that was removed counts as installed",
    ),
    Fault(
        "facts/package_files.py",
        "            folders[folder] = folder if entry is None else entry.path\n",
        "            folders[folder] = folder\n",
        PACKAGES,
        "files of a merged system belong to nobody",
    ),
    Fault(
        "vulns/advisories.py",
        "            yield one if vex is None else replace(one, vex=replace(vex, decided=self._today))\n",
        "            yield one\n",
        ADVISORIES,
        "code that was left out of the kernel counts",
    ),
    Fault(
        "vulns/advisories.py",
        "    return next((group[0] for group in (own, named, alike) if len(group) == 1), None)\n",
        "    return next((group[0] for group in (own, named, alike, found) if len(group) == 1), None)\n",
        ADVISORIES,
        "another kernel's configuration drops a vulnerability",
    ),
    Fault(
        "model/vulnerability.py",
        "return self.vex is None or bool(self.vex.needs_review) or self.vex.state not in SETTLED",
        "return self.vex is None or self.vex.state not in SETTLED",
        CHECKS,
        "a decision that is to be reviewed still takes a vulnerability out",
    ),
    Fault(
        "checks/supply/known_vulnerability.py",
        "    if known.unread:\n        raise Unavailable",
        "    if False:\n        raise Unavailable",
        CHECKS,
        "what could not be told is a pass",
    ),
    Fault(
        "cli/vulns_database.py",
        "    if oldest is not None and (age is None or age > oldest):",
        "    if False and oldest is not None and (age is None or age > oldest):",
        CLI,
        "a database of any age is taken",
    ),
    Fault(
        "vulns/intake.py",
        "        return min(filter(None, (written.isoformat",
        "        return max(filter(None, (written.isoformat",
        "tests/vulns/test_database.py tests/cli/test_vulns.py",
        "a database from old files is as new as their copy",
    ),
    Fault(
        "cli/caged.py",
        '        if (module, name) == ("datetime", "date"):\n            return date\n',
        "",
        CLI,
        "a report with days does not come out of the cage",
    ),
)
