"""Where the passphrase comes from, and that it is asked for once."""

from pathlib import Path

import pytest
import stores

from firmward.model.errors import InputError, TrustError
from firmward.signing import unlock
from firmward.signing.unlock import Unlock, usual_unlock


class Terminal:
    """Answers in order, and says what was asked."""

    def __init__(self, *answers: str) -> None:
        self.answers, self.asked = list(answers), 0

    def __call__(self, question: str) -> str:
        self.asked += 1
        if not self.answers:
            raise EOFError
        return self.answers.pop(0)


def test_the_terminal_is_asked_once() -> None:
    terminal = Terminal(stores.PASSPHRASE, "4321")
    asked = Unlock(ask=terminal)
    assert [asked.passphrases() for _ in range(3)] == [(stores.PASSPHRASE,)] * 3
    assert [asked.pin("card") for _ in range(3)] == ["4321"] * 3
    assert terminal.asked == 2


def test_a_new_passphrase_is_typed_twice() -> None:
    terminal = Terminal(stores.PASSPHRASE, stores.PASSPHRASE)
    asked = Unlock(ask=terminal)
    assert asked.new_passphrase() == stores.PASSPHRASE
    assert asked.passphrases() == (stores.PASSPHRASE,)
    assert terminal.asked == 2
    with pytest.raises(InputError, match="differ"):
        Unlock(ask=Terminal(stores.PASSPHRASE, stores.PASSPHRASE + "!")).new_passphrase()


def test_a_file_stands_for_the_terminal(tmp_path: Path) -> None:
    terminal = Terminal()
    path = stores.secret_file(tmp_path, "the new passphrase\r\nthe older one")
    asked = Unlock(path, ask=terminal)
    assert asked.new_passphrase() == "the new passphrase"
    assert asked.passphrases() == ("the new passphrase", "the older one")
    assert asked.pin("card") == "the new passphrase"
    assert terminal.asked == 0
    assert Unlock(path, stores.secret_file(tmp_path, "4321", "pin")).pin("card") == "4321"


def test_without_a_terminal_and_a_file_it_is_said_how_to_give_one() -> None:
    for ask in (Unlock().passphrases, Unlock().new_passphrase, lambda: Unlock().pin("card")):
        with pytest.raises(InputError, match="--passphrase-file"):
            ask()


@pytest.mark.parametrize("weak", ["x", "elevenchars"])
def test_a_weak_passphrase_is_for_no_new_key(tmp_path: Path, weak: str) -> None:
    path = stores.secret_file(tmp_path, weak)
    for asked in (Unlock(path), Unlock(ask=Terminal(weak, weak))):
        with pytest.raises(InputError, match="shorter than 12"):
            asked.new_passphrase()
    assert Unlock(path).passphrases() == (weak,)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfe", b"a\n" * 17, b"x" * (1 << 20)])
def test_what_is_no_file_of_passphrases_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(InputError):
        Unlock(path).passphrases()


def test_a_passphrase_that_all_may_read_is_refused(tmp_path: Path) -> None:
    path = stores.secret_file(tmp_path)
    path.chmod(0o644)
    with pytest.raises(TrustError, match="chmod 600"):
        Unlock(path).passphrases()


def test_the_environment_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(unlock.PASSPHRASE_VARIABLE, str(stores.secret_file(tmp_path)))
    monkeypatch.setenv(unlock.PIN_VARIABLE, str(stores.secret_file(tmp_path, "4321", "pin")))
    assert usual_unlock().passphrases() == (stores.PASSPHRASE,)
    assert usual_unlock().pin("card") == "4321"
    assert usual_unlock(stores.secret_file(tmp_path, "named on the line", "other")).passphrases() == (
        "named on the line",
    )


def test_nothing_shows_the_secret() -> None:
    asked = stores.known()
    asked.passphrases()
    assert stores.PASSPHRASE not in f"{asked!r}{asked}"
