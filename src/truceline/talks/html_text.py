"""A page's running text: what its markup calls an article, without menus, scripts and what is hidden.

Only the standard library's tolerant parser is used; a page is data, nothing in it is followed or run.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

_SILENT = {
    "script",
    "style",
    "noscript",
    "template",
    "svg",
    "canvas",
    "iframe",
    "object",
    "form",
    "button",
    "select",
    "textarea",
}
_AROUND = {"nav", "footer", "aside", "menu", "dialog"}
_BLOCKS = {
    "p", "div", "section", "article", "main", "li", "ul", "ol", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "figcaption",
    "figure", "table", "tr", "td", "th", "header", "pre", "dd", "dt", "dl", "body", "html", "address", "hr", "br", "time",
}  # fmt: skip
_VOID = {
    "br",
    "hr",
    "img",
    "meta",
    "link",
    "input",
    "source",
    "wbr",
    "area",
    "base",
    "col",
    "embed",
    "param",
    "track",
}
_KIND = {"figcaption": "caption", **{f"h{n}": "heading" for n in range(1, 7)}}
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?![.\d])|font-size\s*:\s*0|left\s*:\s*-\d{3,}|color\s*:\s*transparent",
    re.IGNORECASE,
)
_AROUND_CLASS = re.compile(
    r"\b(?:nav|menu|footer|sidebar|share|social|related|promo|newsletter|cookie|comments?|breadcrumb|advert|ad-slot|recirc)\b",
    re.IGNORECASE,
)
_BLANKS = re.compile(r"[ \t\n\u00a0\u200b]+")
#: what a menu or a foot says in fewer words than this is no sentence
LEAST_TOLD = 6
#: tags nested deeper than this are read as if they were not
DEEPEST = 400


@dataclass(slots=True)
class Block:
    """A stretch of text between two block tags."""

    text: str
    kind: str  #: text, heading, caption
    inside: bool  #: in an article
    linked: int  #: signs of it that are links
    around: bool = False  #: in a menu, a foot, a list of what else there is


@dataclass
class Page:
    """What a page holds."""

    blocks: list[Block] = field(default_factory=list)
    meta: dict[str, str] = field(default_factory=dict)
    hidden: int = 0  #: signs that a reader of the page would not see
    has_article: bool = False


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self.stack: list[tuple[str, str]] = []  # tag, role: silent, around, hidden, article, link, or empty
        self.parts: list[str] = []
        self.around: list[str] = []
        self.linked = 0
        self.kind = "text"
        self.script: list[str] | None = None
        self.in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "meta":
            self._meta(given)
        if tag == "link" and given.get("rel") == "canonical":
            self.page.meta.setdefault("canonical", given.get("href", ""))
        if tag == "title":
            self.in_title = True
        if tag == "script" and given.get("type") == "application/ld+json":
            self.script = []
        if tag == "time" and given.get("datetime"):
            self.page.meta.setdefault("time", given["datetime"])
        if tag in _BLOCKS:
            self._flush()
            self.kind = _KIND.get(tag, self.kind if tag in ("br", "time") else "text")
        if tag not in _VOID and len(self.stack) < DEEPEST:
            self.stack.append((tag, self._role(tag, given)))

    def _role(self, tag: str, given: dict[str, str]) -> str:
        if tag in _SILENT:
            return "silent"
        if "hidden" in given or given.get("aria-hidden") == "true" or _HIDDEN.search(given.get("style", "")):
            return "hidden"
        if tag in _AROUND or (
            tag not in ("html", "body", "main", "article", "p")
            and _AROUND_CLASS.search(given.get("class", "") + " " + given.get("id", ""))
        ):
            return "around"
        if (
            tag in ("article", "main")
            or given.get("role") == "main"
            or given.get("itemprop") == "articleBody"
        ):
            self.page.has_article = True
            return "article"
        return "link" if tag == "a" else ""

    def _meta(self, given: dict[str, str]) -> None:
        name = (given.get("property") or given.get("name") or given.get("itemprop") or "").lower()
        if name and given.get("content"):
            self.page.meta.setdefault(name, given["content"])

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self.in_title = False
        if tag == "script" and self.script is not None:
            self._linked_data("".join(self.script))
            self.script = None
        if tag in _BLOCKS:
            self._flush()
            self.kind = "text"
        for place in range(len(self.stack) - 1, -1, -1):
            if self.stack[place][0] == tag:
                del self.stack[place:]
                return

    def _linked_data(self, text: str) -> None:
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return
        rows = list(found) if isinstance(found, list) else [found]
        for row in rows:
            if isinstance(row, dict):
                rows += row["@graph"] if isinstance(row.get("@graph"), list) else []
                for name in ("datePublished", "headline"):
                    if isinstance(row.get(name), str):
                        self.page.meta.setdefault(name.lower(), row[name])

    def handle_data(self, data: str) -> None:
        if self.script is not None:
            self.script.append(data)
            return
        if self.in_title:
            self.page.meta["title"] = self.page.meta.get("title", "") + data
            return
        roles = {role for _, role in self.stack}
        if "silent" in roles or roles >= {"around", "hidden"}:
            return
        if "around" in roles:
            self.around.append(data)
            return
        if "hidden" in roles:
            self.page.hidden += len(data.strip())
            return
        self.parts.append(data)
        if "link" in roles:
            self.linked += len(data.strip())

    def _flush(self) -> None:
        text = _BLANKS.sub(" ", "".join(self.parts)).strip()
        if text:
            inside = any(role == "article" for _, role in self.stack)
            self.page.blocks.append(Block(text=text, kind=self.kind, inside=inside, linked=self.linked))
        aside = _BLANKS.sub(" ", "".join(self.around)).strip()
        if len(aside.split()) >= LEAST_TOLD:
            self.page.blocks.append(Block(text=aside, kind="text", inside=False, linked=0, around=True))
        self.parts, self.around, self.linked = [], [], 0

    def close(self) -> None:
        super().close()
        self._flush()


def read_page(markup: str) -> Page:
    """The blocks of a page from top to bottom; broken markup is read as far as it can be."""
    parser = _Parser()
    parser.feed(markup)
    parser.close()
    return parser.page


def main_blocks(page: Page) -> tuple[list[Block], list[Block]]:
    """The blocks that are the page's own text, and the rest: what stands outside its article, and lists of links."""
    inside = sum(len(block.text) for block in page.blocks if block.inside)
    narrow = page.has_article and inside >= 0.3 * sum(
        len(block.text) for block in page.blocks if not block.around
    )
    own: list[Block] = []
    rest: list[Block] = []
    for block in page.blocks:
        links = block.around or (block.linked > 0.6 * len(block.text) and len(block.text) <= 200)
        (rest if links or (narrow and not block.inside) else own).append(block)
    return own, rest
