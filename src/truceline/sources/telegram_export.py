"""Messages in the JSON that Telegram Desktop exports: of one chat, or of an account's chats.

Format as described by the program's own output: ``messages`` holds records with ``id``, ``type``
(``message`` or ``service``), ``date`` (local time of the exporting machine, no offset),
``date_unixtime`` (seconds since 1970, UTC) and ``text``, which is a text or a list of texts and of
records with a ``text`` (links, bold …).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from truceline.base.errors import InputError, Problem
from truceline.schema.table import Record

_KEPT = ("id", "date", "date_unixtime", "edited_unixtime", "forwarded_from")


def telegram_messages(value: Any, *, label: str) -> list[Record]:
    """Messages as flat records: ``kind`` (message, service, broken), ``text``, and times and ids.

    Raises
    ------
    InputError
        If the JSON holds no messages.
    """
    chats = _chats(value)
    if not chats:
        got = ", ".join(map(str, value))[:80] if isinstance(value, Mapping) else type(value).__name__
        raise InputError(
            Problem(code="file_format", message="the JSON is no export of a chat", file=label, got=got, expected="an object with `messages`, as Telegram Desktop writes", next_step="Export the channel's history as JSON, or give a CSV")
        )  # fmt: skip
    several = len(chats) > 1
    return [
        _message(item, chat=str(chat.get("id", position)) if several else "")
        for position, chat in enumerate(chats)
        for item in chat["messages"]
    ]


def _chats(value: Any) -> list[Mapping[str, Any]]:
    if not isinstance(value, Mapping):
        return []
    if isinstance(value.get("messages"), list):
        return [value]
    chats = value.get("chats")
    listed = chats.get("list") if isinstance(chats, Mapping) else chats
    if not isinstance(listed, list):
        return []
    return [chat for chat in listed if isinstance(chat, Mapping) and isinstance(chat.get("messages"), list)]


def _message(item: Any, *, chat: str) -> Record:
    if not isinstance(item, Mapping):
        return {"kind": "broken", "text": repr(item)}
    kind = "service" if item.get("type") == "service" else "message"
    kept = {key: item.get(key) for key in _KEPT if not isinstance(item.get(key), list | Mapping)}
    return {"kind": kind, "chat": chat, "text": _plain(item.get("text")), **kept}


def _plain(text: Any) -> str:
    """The words of a text that may be in pieces."""
    if isinstance(text, list):
        return "".join(_plain(piece) for piece in text[:10_000])
    if isinstance(text, Mapping):
        inner = text.get("text")
        return inner if isinstance(inner, str) else ""
    return text if isinstance(text, str) else ""
