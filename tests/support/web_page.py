"""A page of ours as a browser takes it: well-formed, and nothing in it that comes from elsewhere."""

import base64
import hashlib
import re
from html.parser import HTMLParser

VOID = {"meta", "link", "input", "br", "img", "hr", "path", "rect"}
LOADING = {"src", "srcset", "poster", "data", "action", "formaction", "background", "ping", "xlink:href"}


class Page(HTMLParser):
    """What a page holds, and whether its elements are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.inline: dict[str, list[str]] = {"style": [], "script": []}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in self.inline:
            self.inline[self.open[-1]].append(data)
        else:
            self.words.append(data)

    def ids(self) -> list[str]:
        return [value for _, attributes in self.elements if (value := attributes.get("id"))]

    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def assert_it_loads_nothing(self) -> None:
        for tag, attributes in self.elements:
            assert tag not in {"link", "img", "iframe", "object", "embed", "base", "video", "audio"}
            assert not LOADING & set(attributes)
            assert "style" not in attributes
            assert not any(name.startswith("on") for name in attributes)
            assert (attributes.get("href") or "#").startswith("#")
        style, script = ("".join(self.inline[name]) for name in ("style", "script"))
        assert not re.search(r"url\(|@import|https?://|fetch|XMLHttpRequest|eval|innerHTML", style)
        assert not re.search(r"https?://|fetch\(|XMLHttpRequest|eval\(|innerHTML", script)

    def assert_its_policy_admits_its_own_alone(self) -> None:
        (policy,) = (
            attributes["content"] for tag, attributes in self.elements if "http-equiv" in attributes and tag == "meta"
        )
        for name in ("style", "script"):
            (text,) = self.inline[name]
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            assert f"{name}-src 'sha256-{digest}'" in (policy or "")
        assert (policy or "").startswith("default-src 'none'; ")
        assert "unsafe" not in (policy or "")
