"""Words of a command where a script, a unit, a table of jobs or a variable holds it, whatever the file is.

The section is `command PROGRAM`, and with a word behind (`command mount /data`) that command alone which has this word.
An option is one that the program knows: `-s`, `--insecure`. `yes` puts it there, `no` takes it out of the command and
of the variables of the file, another value stands behind it. What is no option of the form:

- sshd's keywords are set by `-o KEYWORD=value`, which stands first since the first one counts;
- sysctl's parameters are set where the file says them by `sysctl` or by `echo VALUE > /proc/sys/...`;
- `mode` of setenforce is its word;
- `command browser` means every browser: their options stand in variables, shortcuts and scripts.

Where a program is named: by its path, or by a variable that the file sets to it. A command that stops, asks or removes
it, and a test of its file, is none that starts it.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from firmward.harden.draft import Refused

BEGINNING = "command "
LINE_LIMIT = 16_384

TOKEN = re.compile(
    r"""(?P<word>(?:\$\([^()]*\)|\$\{[^}]{0,200}\}|[^\s;&|<>()\#'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*"|(?<=[^\s;])\#)+)"""
    r"""|(?P<comment>\#.*)|(?P<redirect>[\d&]?(?:>>?|<)&?)|(?P<sign>[;&|()]+)|(?P<other>\\?\s*$|.)"""
)
INNER = re.compile(r"\$\(([^()]*)\)")
COMMENT = re.compile(r"(?:^|\s)#")
PREFIX = re.compile(r"(?:ExecStart[ \t]*=[ \t]*)?[-@:+!|]*")
OTHERS = frozenset(
    ("[", "test", "[[", "killall", "pkill", "pidof", "pgrep", "echo", "printf", "which", "rm", "chmod", "chown", "ls",
     "service_stop", "service_reload", "kill", "type", "logger", "ln", "cp", "mv", "mkdir", "case", "grep", ".",
     "source", "cat", "command")
)  # fmt: skip
ASSIGNED = re.compile(r"[ \t]*(?:export[ \t]+|readonly[ \t]+|local[ \t]+)?(?P<name>\w+)=(?P<value>.*)")
HOLDER = re.compile(r"ARG|OPT|FLAG|EXTRA|PARAM|COMMAND")
"""In names of variables that hold words of a command, where the command itself stands in another file."""
REFERENCE = re.compile(r"\$\{?(\w+)\}?")


@dataclass(frozen=True, slots=True)
class _Word:
    start: int
    end: int
    text: str

    @property
    def bare(self) -> str:
        return self.text.strip("\"'")


def set_option(text: str, option: str, value: str, section: str | None) -> str:
    program, *named = (section or "").removeprefix(BEGINNING).split()
    if not re.fullmatch(r"[\w./:=,@%+-]*", value) or not re.fullmatch(r"[\w./-]+", option):
        raise Refused(f"{option} {value} is no plain word")
    if program == "browser":
        return _anywhere(text, option)
    special = SPECIAL.get(program)
    if special is not None and not option.startswith("-"):
        return special(text, option, value)
    return _set(text, program, named, option, value)


def _set(text: str, program: str, named: list[str], option: str, value: str) -> str:
    lines = text.split("\n")
    variables = _variables(lines)
    holders: set[str] = set()
    found = False
    for number, written in enumerate(lines):
        line = written
        for words in reversed(list(_commands(line))):
            starts = _program(words, program, variables)
            if starts is None or any(word not in [one.bare for one in words] for word in named):
                continue
            found = True
            holders |= {name for word in words[starts + 1 :] for name in REFERENCE.findall(word.text)}
            if value == "no":
                line = _taken(line, words[starts + 1 :], option)
            else:
                line = _put(line, words, starts, option, value)
        lines[number] = line
    if value == "no":
        names = holders if found else {name for name in variables if HOLDER.search(name)}
        lines = [_without_variable(line, option, names) for line in lines]
        found = found or bool(names)
    if not found:
        raise Refused(f"no command here starts {' for '.join((program, *named))}")
    return "\n".join(lines)


def _variables(lines: list[str]) -> dict[str, str]:
    """What the file's own variables are set to, where that is one plain word."""
    found = (ASSIGNED.fullmatch(line) for line in lines if len(line) <= LINE_LIMIT)
    return {one["name"]: one["value"].strip().strip("\"'") for one in found if one is not None}


def _commands(line: str) -> Iterator[list[_Word]]:
    """The words of each simple command of a line, in the order of their beginnings; of `$(...)` once more alone."""
    if len(line) > LINE_LIMIT:
        return
    found = list(_simple(line, 0))
    end = COMMENT.search(line)
    for inner in INNER.finditer(line, 0, end.start() if end is not None else len(line)):
        found += _simple(inner[1], inner.start(1))
    yield from sorted(found, key=lambda words: words[0].start)


def _simple(line: str, offset: int) -> Iterator[list[_Word]]:
    words: list[_Word] = []
    skip = False
    for match in TOKEN.finditer(line):
        if match["comment"]:
            break
        if match["sign"]:
            if words:
                yield words
            words = []
        elif match["word"] and not skip:
            words.append(_Word(offset + match.start(), offset + match.end(), match["word"]))
        skip = match["redirect"] is not None or (skip and not match["word"])
    if words:
        yield words


def _program(words: list[_Word], program: str, variables: dict[str, str]) -> int | None:
    """The place of the last word that names the program, in a command that starts it."""
    first = next(
        (word.bare for word in words if not re.fullmatch(r"\w+=.*|if|then|else|do|!|exec|while", word.bare)), ""
    )
    stops = any(word.bare in ("-K", "--stop") for word in words) and "start-stop-daemon" in first
    if first.rpartition("/")[2] in OTHERS or stops:
        return None
    places = [place for place, word in enumerate(words) if _names(word, program, variables, place)]
    behind = next((place for place, word in enumerate(words) if word.bare == "--"), len(words))
    before = [place for place in places if place < behind] or places
    return before[-1] if before else None


def _names(word: _Word, program: str, variables: dict[str, str], place: int) -> bool:
    filled = REFERENCE.sub(lambda found: variables.get(found[1], found[0]), word.bare)
    bare = filled[PREFIX.match(filled).end() :].strip("\"'")  # type: ignore[union-attr] # which matches nothing too
    return bare.rpartition("/")[2] == program and not re.match(r"\w+=", bare)


def _put(line: str, words: list[_Word], starts: int, option: str, value: str) -> str:
    arguments = words[starts + 1 :]
    there = next((place for place, word in enumerate(arguments) if word.bare == option), None)
    if value == "yes":
        if there is not None or _in_cluster(arguments, option):
            return line
        end = words[-1].end
        needs_sign = words[0].bare.rpartition("/")[2] == "start-stop-daemon" and all(one.bare != "--" for one in words)
        return f"{line[:end]}{' --' if needs_sign else ''} {option}{line[end:]}"
    if there is not None and there + 1 < len(arguments):
        old = arguments[there + 1]
        return f"{line[: old.start]}{value}{line[old.end :]}"
    sign = next((word for word in words if word.bare == "--"), words[starts])
    place = sign.end if sign.start > words[starts].start else words[starts].end
    return f"{line[:place]} {option} {value}{line[place:]}"


def _in_cluster(words: list[_Word], option: str) -> bool:
    letter = option[1:]
    return len(letter) == 1 and any(re.fullmatch(r"-[A-Za-z]+", word.bare) and letter in word.bare for word in words)


def _taken(line: str, words: list[_Word], option: str) -> str:
    for word in reversed(words):
        kept = _less(word.text, option)
        if kept != word.text:
            start = word.start if kept else len(line[: word.start].rstrip())
            line = f"{line[:start]}{kept}{line[word.end :]}"
    return line


def _less(word: str, option: str) -> str:
    """A word without the option: nothing, or the letters that stood with it."""
    if word == option or (word.startswith(f"{option}=") and option.startswith("--")):
        return ""
    if re.fullmatch(r"-[A-Za-z]", option) and re.fullmatch(r"-[A-Za-z]{2,}", word):
        return word.replace(option[1], "", 1)
    return word


def _without_variable(line: str, option: str, names: set[str]) -> str:
    """A line that sets one of these variables, which hold words of the command, without the option."""
    found = ASSIGNED.fullmatch(line.rstrip("\r")) if len(line) <= LINE_LIMIT else None
    if found is None or found["name"] not in names:
        return line
    value = found["value"]
    pieces = re.split(r"([\s\"']+)", value)
    kept = [_less(piece, option) for piece in pieces]
    if kept == pieces:
        return line
    joined = re.sub(r"(?<=[\"'])[ \t]+|[ \t]+(?=[\"'])", "", re.sub(r"[ \t]{2,}", " ", "".join(kept)))
    return f"{line[: found.start('value')]}{joined}{line[found.end('value') :]}"


def _anywhere(text: str, option: str) -> str:
    """A long option of any browser, out of all lines that are no comments."""
    pattern = re.compile(rf"(?<![ \t])[ \t]*(?<![\w-]){re.escape(option)}(?:=\w+)?(?![\w-])")
    lines = text.split("\n")
    return "\n".join(line if line.lstrip().startswith("#") else pattern.sub("", line) for line in lines)


def _keyword(text: str, option: str, value: str) -> str:
    """`-o KEYWORD=value` as the first option of every sshd that the file starts."""
    word = f"-o {option}={value}"
    lines = text.split("\n")
    variables = _variables(lines)
    found = False
    for number, written in enumerate(lines):
        line = written
        for words in reversed(list(_commands(line))):
            starts = _program(words, "sshd", variables)
            if starts is None:
                continue
            found = True
            if word in line:
                continue
            sign = next((one for one in words if one.bare == "--"), words[starts])
            place = max(sign.end, words[starts].end)
            said = re.compile(
                rf"(?<![ \t])[ \t]+-o[ \t]*[\"']?{re.escape(option)}[ \t=]+[^\s\"']+[\"']?", re.IGNORECASE
            )
            rest = said.sub("", line[place:])
            line = f"{line[:place]} {word}{rest}"
        lines[number] = line
    if not found:
        raise Refused("no command here starts sshd")
    return "\n".join(lines)


def _parameter(text: str, option: str, value: str) -> str:
    """A kernel parameter where commands set it."""
    path = re.escape(option.replace(".", "/"))
    dotted = "[./]".join(map(re.escape, option.split(".")))
    by_command = re.compile(rf"(\s[\"']?{dotted}[ \t]*=[ \t]*[\"']?)[\w-]+")
    by_echo = re.compile(
        rf"(\b(?:echo|printf)[ \t]+(?:-n[ \t]+)?[\"']?)[\w-]+([\"']?[ \t]*>[ \t]*[\"']?/proc/sys/{path}\b)"
    )

    def changed(line: str) -> tuple[str, int]:
        line, first = by_command.subn(rf"\g<1>{value}", line) if re.search(r"\bsysctl\b", line) else (line, 0)
        line, second = by_echo.subn(rf"\g<1>{value}\g<2>", line)
        return line, first + second

    return _each(text, changed, f"no command here sets {option} to a plain number")


def _mode(text: str, option: str, value: str) -> str:
    pattern = re.compile(r"(\bsetenforce[ \t]+[\"']?)\w+")
    return _each(text, lambda line: pattern.subn(rf"\g<1>{value}", line), "no command here sets SELinux's mode")


def _each(text: str, changed: Callable[[str], tuple[str, int]], otherwise: str) -> str:
    """Every line that is no comment, changed. Raises Refused where none is."""
    lines, times = [], 0
    for line in text.split("\n"):
        is_left = line.lstrip().startswith("#") or len(line) > LINE_LIMIT
        new, count = (line, 0) if is_left else changed(line)
        lines.append(new)
        times += count
    if not times:
        raise Refused(otherwise)
    return "\n".join(lines)


SPECIAL: dict[str, Callable[[str, str, str], str]] = {"sshd": _keyword, "sysctl": _parameter, "setenforce": _mode}
