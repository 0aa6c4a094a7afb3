"""A text file by its lines, which keep what they are but for those that are changed."""

from dataclasses import dataclass

from firmward.harden.draft import Draft, Refused


@dataclass(slots=True)
class Lines:
    """Lines without their ends, which are `\\n`; a `\\r` before it belongs to its line."""

    path: str
    all: list[str]
    _draft: Draft

    @classmethod
    def of(cls, draft: Draft, path: str, absent: str | None = None) -> "Lines":
        """Raises Refused where there is no such file, unless it is `absent` what it begins with."""
        text = draft.text(path)
        if text is None and absent is None:
            raise Refused(f"{path} is not there")
        text = text if text is not None else absent or ""
        return cls(path, text.removesuffix("\n").split("\n") if text else [], draft)

    def find(self, line: int, text: str) -> int:
        """The index of the line with this text that is nearest to where it was read. Raises Refused."""
        return self.find_block(line, [text])

    def find_block(self, line: int, texts: list[str]) -> int:
        """The index of the first of these lines, which follow each other. Raises Refused."""
        wanted = [one.strip() for one in texts]
        all_of = [one.strip() for one in self.all]
        there = [
            index
            for index, one in enumerate(all_of)
            if one == wanted[0] and all_of[index : index + len(wanted)] == wanted
        ]
        if not there:
            raise Refused(f"{self.path} does not have the line any more: {texts[0]}")
        return min(there, key=lambda index: abs(index - (line - 1)))

    def has(self, text: str) -> bool:
        return any(one.strip() == text.strip() for one in self.all)

    def lost(self, text: str) -> bool:
        """Whether a line was there before all changes, and is no more."""
        return not self.has(text) and self._below().has(text)

    def lost_record(self, name: str) -> bool:
        """Whether a record was there before all changes, and is no more."""
        return not self._has_record(name) and self._below()._has_record(name)

    def _has_record(self, name: str) -> bool:
        return any(one.partition(":")[0] == name and ":" in one for one in self.all)

    def _below(self) -> "Lines":
        text = self._draft.below.text(self.path) or ""
        return Lines(self.path, text.split("\n"), self._draft)

    def record(self, name: str) -> int:
        """The index of the record whose first field this is. Raises Refused."""
        for index, one in enumerate(self.all):
            if one.partition(":")[0] == name and ":" in one:
                return index
        raise Refused(f"{self.path} has no record of {name}")

    def write(self) -> None:
        self._draft.write(self.path, "".join(f"{line}\n" for line in self.all))
