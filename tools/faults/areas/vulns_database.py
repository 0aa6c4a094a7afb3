"""The database of vulnerabilities, its feeds and bundles."""

from fault import Fault

READER = "tests/vulns/test_json_reader.py"
DOCUMENTS = "tests/vulns/test_documents.py"
DOWNLOAD = "tests/vulns/test_download.py"
UPDATE = "tests/vulns/test_update.py"
BUNDLE = "tests/vulns/test_bundle.py"
DATABASE = "tests/vulns/test_database.py"
APPLICABILITY = "tests/vulns/test_applicability.py"
WORDS = "tests/vulns/test_version_words.py"
SETTINGS = "tests/vulns/test_settings.py"

FAULTS = (
    Fault(
        "vulns/json_reader.py",
        "if end + GOES_ON < len(self._text) or self._ended:",
        "if True:",
        READER,
        "a number that a piece cuts is taken for a shorter one",
    ),
    Fault(
        "vulns/documents.py",
        '                if self._is_begun:\n                    raise EOFError("the end is missing")\n',
        "",
        DOCUMENTS,
        "half a zstd file passes for a whole one",
    ),
    Fault(
        "vulns/documents.py",
        "        self._budget.take_bytes(len(piece), self._name)\n",
        "",
        DOCUMENTS,
        "a bomb is unpacked without end",
    ),
    Fault(
        "vulns/documents.py",
        "            if file.is_symlink() or not file.is_file():",
        "            if not file.is_file():",
        DOCUMENTS,
        "a link leads out of the folder that was given",
    ),
    Fault(
        "vulns/download.py",
        '"If-Range": part.stamp.condition}',
        '"X-If-Range": part.stamp.condition}',
        DOWNLOAD,
        "the rest is not asked for on condition that the file is the same",
    ),
    Fault(
        "vulns/download.py",
        "        if total is not None and part.size < total:",
        "        if False:",
        DOWNLOAD,
        "a cut download passes for a whole file",
    ),
    Fault(
        "vulns/download.py",
        '        if new.scheme not in ("http", "https") or (old.scheme == "https" and new.scheme != "https"):',
        "        if False:",
        "tests/vulns/test_download.py -k redirect",
        "a redirect leads to any kind of address",
    ),
    Fault(
        "vulns/update.py",
        "        if not intake.told.records:",
        "        if False:",
        UPDATE,
        "a page to log in empties a feed",
    ),
    Fault(
        "vulns/intake.py",
        '            self._connection.execute("ROLLBACK")\n            return',
        '            self._connection.execute("COMMIT")\n            return',
        UPDATE,
        "a feed that fails half way stays half",
    ),
    Fault(
        "vulns/intake.py",
        '            self._forget(name, ("claim", "fix", "kernel"))',
        "            pass",
        UPDATE,
        "what is rejected keeps its rows",
    ),
    Fault(
        "vulns/intake.py",
        "        if again or self._extent is Extent.CHANGES:",
        "        if again:",
        UPDATE,
        "what a record said before stays beside what it says now",
    ),
    Fault(
        "vulns/intake.py",
        "SELECT vulnerability, feed, coalesce(branches, pairs, '')",
        "SELECT vulnerability, feed, coalesce(pairs, branches, '')",
        UPDATE,
        "pairs of a record count before those of its branches",
    ),
    Fault(
        "vulns/database.py",
        'IS_REJECTED = "EXISTS (SELECT 1 FROM about r WHERE r.vulnerability = t.vulnerability AND r.rejected = 1)"',
        'IS_REJECTED = "0"',
        UPDATE,
        "one feed rejects, and another's claims stay",
    ),
    Fault(
        "vulns/applicability.py",
        'claimed = _merged([_product(match) for match in matches if match.get("vulnerable") is True])',
        "claimed = _merged([_product(match) for match in matches])",
        APPLICABILITY,
        "the system around it is taken for what is vulnerable",
    ),
    Fault(
        "vulns/version_words.py",
        '        return Range(start, f"{line[1]}{int(line[2]) + 1}")',
        "        return Range(start, end, through=through)",
        WORDS,
        "7.0.* is taken for a version",
    ),
    Fault(
        "vulns/bundle.py",
        '            key = verify(envelope, keys) if keys else ""',
        '            key = ""',
        BUNDLE,
        "anybody's bundle is taken",
    ),
    Fault(
        "vulns/bundle.py",
        "    if size != manifest.size or _digest(file, start) != manifest.sha256:",
        "    if size != manifest.size:",
        BUNDLE,
        "altered rows are taken below a good signature",
    ),
    Fault(
        "vulns/bundle.py",
        "        if given < checked:",
        "        if False:",
        BUNDLE,
        "an old bundle makes new vulnerabilities forgotten",
    ),
    Fault(
        "formats/dsse.py",
        'return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(self.payload), self.payload)',
        "return self.payload",
        BUNDLE,
        "what is signed does not say what it is",
    ),
    Fault(
        "vulns/settings.py",
        'path = Path(given) if given else folder / "firmward" / "firmward.toml"',
        'path = Path(given) if given else Path("firmward.toml")',
        SETTINGS,
        "a file in the working directory says where facts come from",
    ),
)
