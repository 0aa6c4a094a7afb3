"""What a store says of its keys: `keys.toml`, which people may read and programs write.

Rules: a role has keys numbered in the order in which they were made, `boot-1` and so on, and no number comes again. An
id stands once in the whole store, since a key serves one role. A state only goes forward: active, retired, revoked. A
spare is active and signs nothing until it is made the working key.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import date

from firmward.model.decode import decode
from firmward.model.errors import InputError
from firmward.signing.algorithm import Algorithm, Custody
from firmward.signing.role import Role

SCHEMA = 1
SIZE_LIMIT = 1 << 20
KEYS_LIMIT = 1000
THRESHOLD_LIMIT = 16
ACTIVE, RETIRED, REVOKED = "active", "retired", "revoked"
STATES = (ACTIVE, RETIRED, REVOKED)
TEXT_LIMIT = 300
"""Characters of a reason, of a label."""
HEAD = "# Written by `firmward keys`, which shows it with `firmward keys list`.\n"
END = "# end\n"
"""A list that was cut off would lack keys, or the line that says of one that it was revoked."""


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """`since` is the day of the state that it has now. `module`, `token` and `label` say where a token holds it."""

    role: str = field(metadata={"choices": tuple(Role)})
    number: int = field(metadata={"bounds": (1, KEYS_LIMIT)})
    id: str
    algorithm: str = field(metadata={"choices": tuple(Algorithm)})
    custody: str = field(metadata={"choices": tuple(Custody)})
    created: date
    state: str = field(default=ACTIVE, metadata={"choices": STATES})
    since: date | None = None
    reason: str | None = None
    spare: bool = False
    module: str | None = None
    token: str | None = None
    label: str | None = None

    @property
    def name(self) -> str:
        return f"{self.role}-{self.number}"

    @property
    def is_working(self) -> bool:
        return self.state == ACTIVE and not self.spare


@dataclass(frozen=True, slots=True)
class RoleRecord:
    """`threshold` is how many of the role's keys have to sign."""

    name: str = field(metadata={"choices": tuple(Role)})
    threshold: int = field(default=1, metadata={"bounds": (1, THRESHOLD_LIMIT)})


@dataclass(frozen=True, slots=True)
class Ledger:
    schema: int = SCHEMA
    role: tuple[RoleRecord, ...] = ()
    key: tuple[KeyRecord, ...] = ()

    def keys(self, role: Role) -> tuple[KeyRecord, ...]:
        return tuple(key for key in self.key if key.role == role)

    def threshold(self, role: Role) -> int:
        return next((one.threshold for one in self.role if one.name == role), 0)

    def next_number(self, role: Role) -> int:
        return max((key.number for key in self.keys(role)), default=0) + 1


def parse(data: bytes, name: str) -> Ledger:
    """Raises InputError that says which key, in which place, and what was expected."""
    try:
        table = tomllib.loads(data.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"{name}: is not TOML: {error}") from error
    if not data.endswith(END.encode()):
        raise InputError(f"{name}: is cut off: its last line is not {END.strip()!r}; bring back a copy")
    if table.get("schema") != SCHEMA:
        raise InputError(
            f"{name}: schema {table.get('schema')!r} is not known, this firmward reads schema {SCHEMA}"[:300]
        )
    try:
        ledger = decode(Ledger, table, "")
        _check(ledger)
    except InputError as error:
        raise InputError(f"{name}: {error}") from error
    return ledger


def to_text(ledger: Ledger) -> str:
    tables = [("role", one) for one in ledger.role] + [("key", one) for one in ledger.key]
    body = "".join(f"\n[[{name}]]\n{''.join(_lines(one))}" for name, one in tables)
    return f"{HEAD}schema = {ledger.schema}\n{body}\n{END}"


def check_text(text: str, what: str) -> str:
    """Raises InputError for what is empty, long, or more than one line."""
    if not text.strip() or len(text) > TEXT_LIMIT or not text.isprintable():
        raise InputError(f"{what}: one line of 1 to {TEXT_LIMIT} characters is wanted")
    return text


def _lines(record: RoleRecord | KeyRecord) -> Iterator[str]:
    for one in fields(record):
        value = getattr(record, one.name)
        if value is not None and value is not False:
            yield f"{one.name} = {_value(value)}\n"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return value.isoformat() if isinstance(value, date) else str(value)


def _check(ledger: Ledger) -> None:
    if len(ledger.key) > KEYS_LIMIT:
        raise InputError(f"has more than {KEYS_LIMIT} keys")
    for number, key in enumerate(ledger.key, 1):
        _check_key(key, f"key[{number}]")
    for what, values in (
        ("role", [one.name for one in ledger.role]),
        ("key", [key.name for key in ledger.key]),
        ("key id", [key.id for key in ledger.key]),
    ):
        twice = next((value for value in values if values.count(value) > 1), None)
        if twice is not None:
            raise InputError(f"{what} {twice} is listed twice; a key serves one role")
    unlisted = {key.role for key in ledger.key} - {one.name for one in ledger.role}
    if unlisted:
        raise InputError(f"role {min(unlisted)} has keys and no [[role]]")


def _check_key(key: KeyRecord, place: str) -> None:
    if len(key.id) != 64 or key.id.strip("0123456789abcdef"):
        raise InputError(f"{place}.id: expected 64 hexadecimal digits")
    if key.spare and key.role != Role.BOOT:
        raise InputError(f"{place}.spare: only boot has a spare")
    if key.state != ACTIVE and key.since is None:
        raise InputError(f"{place}.since: is required for a key that is {key.state}")
    texts = {"reason": key.reason, "token": key.token, "label": key.label, "module": key.module}
    for name, text in texts.items():
        if text is not None:
            check_text(text, f"{place}.{name}")
    if key.custody == Custody.PKCS11 and None in (key.module, key.token, key.label):
        raise InputError(f"{place}: a key in a token needs module, token and label")
