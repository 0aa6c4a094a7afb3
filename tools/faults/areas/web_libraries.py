"""Libraries in pages as components, what is known of them, and hostile links and numbers of components."""

from fault import Fault

LIBRARIES = "tests/facts/test_web_libraries.py"
CHECK = "tests/checks/web/test_web_library_vulnerable.py"
HOSTILE = "tests/facts/test_hostile_components.py"
FAULTS = (
    Fault(
        "facts/web_library_search.py",
        "found = _by_words(row, path, data, marks) or _by_name(row, path, name)",
        "found = _by_name(row, path, name) or _by_words(row, path, data, marks)",
        LIBRARIES,
        "a file's name counts before its words",
    ),
    Fault(
        "facts/web_library_search.py",
        "            if len(found) <= VERSIONS_LIMIT:\n",
        "            if found:\n",
        LIBRARIES,
        "a list of releases is told as so many libraries",
    ),
    Fault(
        "facts/web_library_search.py",
        "            seen = match.end()\n",
        "",
        LIBRARIES,
        "the second copy in a bundle is hidden behind the first",
    ),
    Fault(
        "facts/web_library_search.py",
        "zlib.decompressobj(wbits=31).decompress(data, SIZE_LIMIT)",
        "zlib.decompress(data, wbits=31)",
        LIBRARIES,
        "a bomb is unpacked whole",
    ),
    Fault(
        "facts/web_library_search.py",
        'UNPRINTED.sub(b" ", match[0][:TEXT_LIMIT])',
        "match[0][:TEXT_LIMIT]",
        LIBRARIES,
        "what cannot be printed is shown",
    ),
    Fault(
        "facts/web_library_row.py",
        'ENDING = r"(?:[-_.](?:min|slim|pack|',
        'ENDING = r"(?:[-_.](?:\\w+|slim|pack|',
        LIBRARIES,
        "a plug-in that is called after its library is taken for it",
    ),
    Fault(
        "facts/web_library_row.py",
        'scope, _, name = self.name.rpartition("/")',
        'scope, name = "", self.name',
        LIBRARIES,
        "a package URL with the scope in the name",
    ),
    Fault(
        "facts/contents.py",
        "if not base and web_library_search.is_page(entry.path):",
        "if not base:",
        LIBRARIES,
        "a library is found in any text",
    ),
    Fault(
        "facts/contents.py",
        "        self._unpacked += len(data)\n",
        "",
        LIBRARIES,
        "packed pages have no budget",
    ),
    Fault(
        "facts/components.py",
        "            elif own and one.purl in self._purls:\n",
        "            elif own and one.name in self._purls:\n",
        LIBRARIES,
        "a package of npm and its script are two components",
    ),
    Fault(
        "facts/component_sources/pages.py",
        "programs.joined(known, one)",
        "known",
        LIBRARIES,
        "copies are forgotten",
    ),
    Fault(
        "facts/vulnerabilities.py",
        " if one.evidence[0].witness in (Witness.TEXT, Witness.NAME)}",
        "}",
        CHECK,
        "what npm installed is told as a page",
    ),
    Fault(
        "facts/vulnerabilities.py",
        "self.known.affecting if one.component not in self.pages)",
        "self.known.affecting)",
        CHECK,
        "a library in pages is told twice",
    ),
    Fault(
        "facts/vulnerabilities.py",
        "any(ref.endswith(purl) for ref in self.known.open)",
        "any(self.known.open)",
        CHECK,
        "what of the system is not known makes the pages doubtful",
    ),
    Fault("facts/linkage.py", "[:NAMESAKES_LIMIT])", ")", HOSTILE, "thousands of one name are linked each to each"),
    Fault("facts/linkage.py", "        if left < 0:\n", "        if False:\n", HOSTILE, "links have no budget"),
    Fault(
        "facts/vulnerabilities.py",
        "if way not in known and len(known) < WORDS_LIMIT and library != path:",
        "if way not in known and library != path:",
        HOSTILE,
        "a chain is walked as often as it has starters",
    ),
    Fault(
        "facts/vulnerabilities.py",
        "key=lambda one: (list(How).index(one[0].how), one[0].words)):",
        "key=lambda one: one[0].words):",
        HOSTILE,
        "the nearest way is lost behind others",
    ),
    Fault(
        "facts/contents.py",
        "        if self._modules_left < 0:\n",
        "        if False:\n",
        HOSTILE,
        "modules have no budget",
    ),
    Fault(
        "facts/components.py",
        "files=_both(known.files, own))",
        "files=(*known.files, *own))",
        HOSTILE,
        "the files of one component have no end",
    ),
    Fault(
        "vulns/sbom/cyclonedx_reader.py",
        "needs.pop(ref, ())",
        "needs.get(ref, ())",
        "tests/vulns/sbom/test_hostile_bill.py",
        "all that claim one ref have its dependencies",
    ),
)
