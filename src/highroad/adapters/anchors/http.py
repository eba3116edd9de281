"""An anchor behind HTTP: POST adds lines of JSON, GET gives them all back."""

from base64 import b64encode
from collections.abc import Sequence
from http.client import HTTPException
from typing import Final
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import anyio.to_thread

from highroad.domain.address import without_secrets
from highroad.domain.error import AnchorError

_TIMEOUT_S: Final = 10.0
_SCHEMES: Final = frozenset({"http", "https"})
_TYPE: Final = "application/jsonl"


class _NoRedirect(HTTPRedirectHandler):
    """A redirected POST would come back as an answered GET, and pass for a line that was kept."""

    def redirect_request(self, *_: object) -> None:
        """Follow nowhere: the answer is an error."""


class HttpAnchor:
    """Lines kept by an endpoint (`highroad.ports.anchor.Anchor`).

    Any answer but 2xx is a failure, also a redirect.

    Args:
        url: `https://…` or `http://…`. User and password in it become Basic authentication.
        timeout_s: Of one request, in seconds.

    Raises:
        AnchorError: The URL is of another kind.
    """

    def __init__(self, url: str, *, timeout_s: float = _TIMEOUT_S) -> None:
        parts = urlsplit(url)
        if parts.scheme not in _SCHEMES or not parts.hostname:
            raise AnchorError("an anchor behind HTTP has a URL with http:// or https:// and a host")
        self._name = without_secrets(url)
        self._url = f"{self._name}?{parts.query}" if parts.query else self._name
        self._headers: dict[str, str] = {"Content-Type": _TYPE, "Accept": _TYPE}
        if parts.username is not None:
            user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._headers["Authorization"] = f"Basic {b64encode(user.encode()).decode()}"
        self._timeout_s = timeout_s
        self._opener = build_opener(_NoRedirect)

    @property
    def name(self) -> str:
        """Its address without user, password and query."""
        return self._name

    async def publish(self, lines: Sequence[str]) -> None:
        """Add lines behind those that are there.

        Raises:
            AnchorError: It cannot be reached, or did not take them.
        """
        content = "".join(f"{line}\n" for line in lines).encode()
        await anyio.to_thread.run_sync(self._ask, content)

    async def lines(self) -> Sequence[str]:
        """All lines, in order.

        Raises:
            AnchorError: It cannot be reached, or did not give them.
        """
        content = await anyio.to_thread.run_sync(self._ask, None)
        return [line for line in content.split("\n") if line]

    async def close(self) -> None:
        """Nothing is held open."""

    def _ask(self, content: bytes | None) -> str:
        """One request: a POST of `content`, or a GET."""
        # The scheme was looked at when this was made: it opens no file.
        request = Request(self._url, data=content, headers=self._headers)  # noqa: S310
        try:
            with self._opener.open(request, timeout=self._timeout_s) as answer:
                found: bytes = answer.read()
                return found.decode()
        except HTTPError as error:
            with error:
                raise AnchorError(f"the anchor {self.name} answered {error.code}") from None
        except (OSError, HTTPException, UnicodeDecodeError) as error:
            raise AnchorError(
                f"the anchor {self.name} cannot be reached ({type(error).__name__})"
            ) from error
