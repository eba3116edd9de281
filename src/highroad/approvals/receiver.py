"""What a signed link leads to: a small ASGI application, to be mounted where people reach it.

GET has no effect and knows nothing: the token stands in the fragment, which stays in the browser.
The page asks what the link is about by POST, which has no effect either, and decides by another
POST that says so. It shows no values: who wants to see them opens the case.
"""

from base64 import b64encode
from collections.abc import Awaitable, Callable, MutableMapping
from hashlib import sha256
from html import escape
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qs

from highroad.approvals.links import SignedLink, SignedLinks, UndoLink
from highroad.domain.approval import Approval, Ruling
from highroad.domain.error import HighroadError
from highroad.domain.outcome import Completed, Held

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
"""As ASGI 3 has them (https://asgi.readthedocs.io/en/latest/specs/www.html)."""
_Page: TypeAlias = tuple[int, str]
"""Status and content."""

_MOST_BYTES: Final = 16_384
"""Of a form; a token has some hundred."""
_SCRIPT: Final = (
    "const f=document.forms[0],t=location.hash.slice(1);"
    'if(t){history.replaceState(null,"",location.pathname+location.search);'
    "f.token.value=t;f.submit()}"
)
"""Hands the fragment in, and takes it out of the browser's history."""
_SCRIPT_HASH: Final = b64encode(sha256(_SCRIPT.encode()).digest()).decode()
_HEADERS: Final = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (
        b"content-security-policy",
        f"default-src 'none'; script-src 'sha256-{_SCRIPT_HASH}'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'".encode(),
    ),
]
_DOOR: Final = (
    '<form method="post"><label>What stands behind # in your link: '
    '<input name="token" autocomplete="off" required></label> <button>look</button></form>'
    f"<script>{_SCRIPT}</script>"
)
"""Who has no script, or a program that cut the link, hands it in by hand."""


class Receiver:
    """Answers signed links.

    A program follows a link by a POST of the form fields `token` and `decide=yes`.

    Args:
        links: Of the runtime, `runtime.links`.
    """

    def __init__(self, links: SignedLinks) -> None:
        self._links = links

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        status, page = await self._answer(scope["method"], receive)
        await send({"type": "http.response.start", "status": status, "headers": _HEADERS})
        content = b"" if scope["method"] == "HEAD" else _whole(page)
        await send({"type": "http.response.body", "body": content})

    async def _answer(self, method: str, receive: Receive) -> _Page:
        if method in {"GET", "HEAD"}:
            return 200, _DOOR
        if method != "POST":
            return 405, "<p>A link is looked at by GET, and decides by POST.</p>"
        content = await _read(receive)
        if content is None:
            return 413, "<p>That is no link of ours.</p>"
        form = parse_qs(content.decode("latin-1"))
        try:
            return await self._take(form.get("token", [""])[0], decides="decide" in form)
        except HighroadError as refusal:
            return 409, f"<p>{escape(str(refusal))}</p>"

    async def _take(self, token: str, *, decides: bool) -> _Page:
        link = self._links.read(token)
        if isinstance(link, UndoLink):
            about = f"<p>Take {escape(link.call_id)} back?</p>"
            return await self._undone(link) if decides else (200, about + _button(token, "undo"))
        _, approval = await self._links.look(token)
        if not decides:
            return 200, _asked(token, link, approval)
        approval = await self._links.follow(token)
        return 200, _decided(link, approval, is_recorded=self._links.are_recorded)

    async def _undone(self, link: UndoLink) -> _Page:
        outcome, call_id = await self._links.undo(link), escape(link.call_id)
        match outcome:
            case Completed(dry_run=True):
                return 200, f"<p>{call_id} is not taken back: all runs here are dry.</p>"
            case Completed(is_repeated=True):
                return 200, f"<p>{call_id} was taken back before; nothing more was done.</p>"
            case Completed():
                return 200, f"<p>{call_id} is taken back.</p>"
            case Held():
                return 200, f"<p>People are asked whether {call_id} is taken back.</p>"
            case _:
                why = f"{outcome.call_id} {outcome.status}: {outcome.error.code}"
                return 409, f"<p>{call_id} is not taken back ({escape(why)}).</p>"


async def _read(receive: Receive) -> bytes | None:
    """The body of a request; `None` where it is too large for what may be said here."""
    content = b""
    while True:
        message = await receive()
        part: bytes = message.get("body", b"")
        content += part
        if len(content) > _MOST_BYTES:
            return None
        if not message.get("more_body", False):
            return content


def _asked(token: str, link: SignedLink, approval: Approval) -> str:
    """What a link is about, with a button that follows it where it still can be."""
    reasons = "".join(f"<li>{escape(each.reason)}</li>" for each in approval.obligations)
    name = f"{escape(approval.tool)} ({escape(approval.id)})"
    about = f"<p>{name} is {escape(approval.state)}.</p><ul>{reasons}</ul>"
    return about + _button(token, link.ruling) if approval.is_waiting else about


def _button(token: str, word: str) -> str:
    return (
        f'<form method="post"><input type="hidden" name="token" value="{escape(token)}">'
        f'<button name="decide" value="yes">{escape(word)}</button></form>'
    )


def _decided(link: SignedLink, approval: Approval, *, is_recorded: bool) -> str:
    """What became of somebody's word."""
    name, word = f"{escape(approval.tool)} ({escape(approval.id)})", escape(link.ruling)
    if not is_recorded:
        return (
            f"<p>Your word ({word}) about {name} was posted to the process that decides, and "
            "counts once that has recorded it.</p>"
        )
    waits = ""
    if link.ruling is Ruling.APPROVE and approval.is_waiting:
        waits = f" It waits on: {len(approval.approvers)} of {approval.quorum} have agreed."
    return f"<p>Your word ({word}) is recorded: {name} is {escape(approval.state)}.{waits}</p>"


def _whole(page: str) -> bytes:
    return f"<!doctype html><meta charset=utf-8><title>Highroad</title>{page}".encode()
