"""Mirrors and keys: options before the environment before the file, and nothing from the working directory."""

from pathlib import Path

import pytest

from firmward.model.errors import InputError
from firmward.vulns.settings import mirrored, read_settings


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("FIRMWARD_CONFIG", raising=False)
    monkeypatch.delenv("FIRMWARD_NVD_API_KEY", raising=False)
    monkeypatch.chdir(tmp_path)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config/firmward/firmward.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_the_nearest_word_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, '[vulns]\nfeeds = ["nvd"]\n[vulns.mirrors]\nnvd = "https://file"\nkev = "https://file/"\n')
    assert read_settings().mirrors == {"nvd": "https://file", "kev": "https://file"}
    monkeypatch.setenv("FIRMWARD_VULNS_MIRROR_NVD", "http://environment/x")
    assert read_settings().mirrors["nvd"] == "http://environment/x"
    assert read_settings({"nvd": "http://option"}).mirrors["nvd"] == "http://option"
    assert read_settings().feeds == ("nvd",)


def test_a_file_in_the_working_directory_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "firmward.toml").write_text('[vulns.mirrors]\nnvd = "https://evil"\n')
    assert read_settings().mirrors == {}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x", "is not TOML"),
        ("[vulns]\nfeeds = 1", "vulns.feeds"),
        ('[vulns]\nfeeds = ["nope"]', "nope: is no feed"),
        ("[vulns]\nmirror = 1", "vulns.mirror: is no setting"),
        ('[vulns]\necosystems = ["../x"]', "no ecosystem"),
        ('[vulns.mirrors]\nnvd = "file:///etc"', "vulns.mirrors.nvd"),
        ("[vulns.mirrors]\nnvd = 3", "vulns.mirrors.nvd"),
        ('[vulns.mirrors]\nnvd = "https://[x"', "vulns.mirrors.nvd"),
        ('[vulns.mirrors]\nother = "https://x"', "other: is no feed"),
    ],
)
def test_what_does_not_hold_is_named(tmp_path: Path, text: str, why: str) -> None:
    written(tmp_path, text)
    with pytest.raises(InputError, match=why):
        read_settings()


def test_a_named_file_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRMWARD_CONFIG", "/nonexistent.toml")
    with pytest.raises(InputError):
        read_settings()


def test_a_key_is_kept_out_of_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRMWARD_NVD_API_KEY", "a-secret")
    settings = read_settings()
    assert settings.keys == {"nvd": "a-secret"}
    assert "a-secret" not in repr(settings)
    monkeypatch.setenv("FIRMWARD_NVD_API_KEY", "a\r\nb: c")
    with pytest.raises(InputError):
        read_settings()


def test_a_mirror_keeps_path_and_question() -> None:
    assert mirrored("https://a.example/x/y?z=1", "http://m:1/n") == "http://m:1/n/x/y?z=1"
    assert mirrored("https://a.example/x", None) == "https://a.example/x"
