"""What is written to the host: never outside the new folder, never special, never over something."""

from fault import Fault

EXTRACT = "tests/image/test_extraction.py tests/cli/test_extract.py"

FAULTS = (
    Fault(
        "image/extraction.py",
        "mode = 0o755 if entry.mode & 0o111 else 0o644",
        "mode = entry.mode",
        EXTRACT,
        "setuid kept",
    ),
    Fault(
        "image/extraction.py",
        "self._budget.check_time()\n            self.size",
        "self.size",
        EXTRACT,
        "extraction that takes longer than it may",
    ),
    Fault(
        "image/extraction.py",
        "if self.size > self._room:",
        "if False:",
        EXTRACT,
        "a file that holds more than it says is written",
    ),
    Fault(
        "image/extraction.py",
        "if self.tally.bytes + size > self._limit:",
        "if size > self._limit:",
        EXTRACT,
        "files together over the budget are written",
    ),
    Fault("image/extraction.py", "if above is None:", "if False:", EXTRACT, "a name below a link is written"),
    Fault(
        "image/extraction.py",
        "written.at, written.lost = None, str(reason)",
        "pass",
        EXTRACT,
        "a file cut short not told",
    ),
    Fault(
        "image/extraction.py",
        "kept = inner_target(tree, written.entry.path, target) if self._links is Links.KEEP_INSIDE else None",
        "kept = target if self._links is Links.KEEP_INSIDE else None",
        EXTRACT,
        "links out of the folder kept",
    ),
    Fault(
        "image/inner_link.py",
        'return ups <= depth and ".." not in steps[ups:]',
        "return ups <= depth",
        EXTRACT,
        "a link up through another link kept",
    ),
    Fault("image/inner_link.py", "return ups <= depth and", "return", EXTRACT, "a link above the folder kept"),
    Fault(
        "image/inner_link.py",
        "links > LINK_LIMIT or",
        "",
        EXTRACT + " --timeout=20",
        "links in circles followed for ever",
    ),
    Fault(
        "image/new_folder.py",
        "_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC",
        "_NEW = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC",
        EXTRACT,
        "a file that stands there is overwritten",
    ),
    Fault(
        "image/new_folder.py",
        "_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC",
        "_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC",
        EXTRACT,
        "a link in the place of a folder followed",
    ),
    Fault(
        "image/new_folder.py",
        'if name in (b"", b".", b"..") or b"/" in name or b"\\0" in name:',
        "if not name:",
        EXTRACT,
        "names such as .. written",
    ),
    Fault(
        "image/new_folder.py",
        "            _check_free(path, parent, name)\n            os.rename",
        "            os.rename",
        EXTRACT,
        "what came in between is replaced",
    ),
    Fault(
        "image/new_folder.py",
        "shutil.rmtree(hidden, ignore_errors=True, dir_fd=parent)",
        "pass",
        EXTRACT,
        "half an extraction left behind",
    ),
    Fault("image/new_folder.py", "os.ftruncate(descriptor, size)", "pass", EXTRACT, "zeros at the end of a file lost"),
    Fault(
        "image/new_folder.py",
        "os.unlink(_name(path), dir_fd=self._folder(path[:-1]))",
        "pass",
        EXTRACT,
        "half a file left behind",
    ),
    Fault(
        "cli/extract.py",
        "return inside.EXIT_INCOMPLETE if trouble or run.extraction.tally.lost else 0",
        "return inside.EXIT_INCOMPLETE if trouble else 0",
        EXTRACT,
        "files that were lost end with 0",
    ),
    Fault(
        "cli/extract.py",
        "while unique.lower() in taken or unique.lower() == MANIFEST:",
        "while unique in taken:",
        EXTRACT,
        "two parts in one folder",
    ),
)
