"""A device's small files (trust/files.py) in memory."""


class Files:
    """Where they are full nothing is written."""

    def __init__(self) -> None:
        self.names: dict[str, bytes] = {}
        self.is_full = False

    def read(self, name: str, limit: int) -> bytes | None:
        content = self.names.get(name)
        return None if content is None else content[:limit]

    def write(self, name: str, content: bytes) -> None:
        if self.is_full:
            raise OSError(28, "No space left on device")
        self.names[name] = content

    def sync(self, name: str) -> None: ...

    def rename(self, name: str, to: str) -> None:
        self.names[to] = self.names.pop(name)

    def remove(self, name: str) -> None:
        self.names.pop(name, None)

    def settle(self) -> None: ...
