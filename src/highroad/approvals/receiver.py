"""What a signed link leads to: a small ASGI application, to be mounted where people reach it.

GET shows what the link is about and a button; only POST decides. It shows no values: who wants to
see them opens the case.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from html import escape
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qs

from highroad.approvals.links import SignedLink, SignedLinks
from highroad.domain.approval import Approval
from highroad.domain.error import DecisionRefused

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
"""As ASGI 3 has them (https://asgi.readthedocs.io/en/latest/specs/www.html)."""

_HEADERS: Final = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; form-action 'self'"),
]


class Receiver:
    """Answers signed links.

    Args:
        links: Of the runtime, `runtime.links`.
    """

    def __init__(self, links: SignedLinks) -> None:
        self._links = links

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        del receive  # all that counts is in the link
        if scope["type"] != "http":
            return
        status, page = await self._answer(scope)
        await send({"type": "http.response.start", "status": status, "headers": _HEADERS})
        await send({"type": "http.response.body", "body": _page(page).encode()})

    async def _answer(self, scope: Scope) -> tuple[int, str]:
        query: dict[str, list[str]] = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        token = query.get("token", [""])[0]
        try:
            match scope["method"]:
                case "GET" | "HEAD":
                    return 200, _question(*await self._links.look(token))
                case "POST":
                    approval = await self._links.follow(token)
                    return 200, f"<p>{escape(approval.tool)}: {escape(approval.state)}.</p>"
                case _:
                    return 405, "<p>A link is looked at by GET, and decides by POST.</p>"
        except DecisionRefused as refusal:
            return 409, f"<p>{escape(str(refusal))}</p>"


def _question(link: SignedLink, approval: Approval) -> str:
    reasons = "".join(f"<li>{escape(each.reason)}</li>" for each in approval.obligations)
    button = f"<button>{escape(link.ruling)}</button>" if approval.is_waiting else ""
    return (
        f"<p>{escape(approval.tool)} ({escape(approval.id)}) is {escape(approval.state)}.</p>"
        f'<ul>{reasons}</ul><form method="post">{button}</form>'
    )


def _page(content: str) -> str:
    return f"<!doctype html><title>Highroad</title>{content}"
