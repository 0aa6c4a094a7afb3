"""How a device starts anew, by each kind of system."""

import pytest

from firmward.model.errors import DeviceError
from firmward.update import command, restart
from firmward.update.restart import words


def there(name: str) -> str | None:
    return f"/sbin/{name}"


@pytest.mark.parametrize(
    ("argument", "is_systemd", "called"),
    [
        ("", False, ("/sbin/reboot",)),
        ("", True, ("/sbin/systemctl", "reboot")),
        ("0 tryboot", True, ("/sbin/systemctl", "reboot", "--reboot-argument=0 tryboot")),
    ],
)
def test_the_systems_own_program_is_called(argument: str, is_systemd: bool, called: tuple[str, ...]) -> None:
    assert words(argument, is_systemd=is_systemd, find=there) == called


def test_an_argument_that_would_be_lost_is_told() -> None:
    with pytest.raises(DeviceError, match="restart it with '0 tryboot' yourself"):
        words("0 tryboot", is_systemd=False, find=there)


@pytest.mark.parametrize("is_systemd", [True, False])
def test_a_system_without_the_program_says_so(is_systemd: bool) -> None:
    with pytest.raises(DeviceError, match="restart it yourself"):
        words("", is_systemd=is_systemd, find=lambda _: None)


@pytest.mark.parametrize(("code", "said"), [(1, "ended with 1"), (None, "did not end")])
def test_a_program_that_fails_is_told(code: int | None, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run: list[tuple[str, ...]] = []

    def ended(words: tuple[str, ...], _seconds: float) -> int | None:
        run.append(words)
        return code

    monkeypatch.setattr(command, "ended", ended)
    monkeypatch.setattr(command, "found", there)
    for call in (lambda: restart.politely(""), restart.at_once):
        with pytest.raises(DeviceError, match=said):
            call()
    assert run[-1] == ("/sbin/reboot", "-f")
