"""A webhook: each notice is one POST of JSON."""

import json
from base64 import b64encode
from http.client import HTTPException
from typing import Final
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import anyio.to_thread
from anyio import CapacityLimiter

from highroad.domain.address import without_secrets
from highroad.domain.notice import Notice
from highroad.ports.channel import ChannelError

_TIMEOUT_S: Final = 10.0
_THREADS: Final = 4
"""That post at a time. They are its own: one that is slow must not hold up others' work."""


class _NoRedirect(HTTPRedirectHandler):
    """A redirected POST would come back as an answered GET, and pass for what was told."""

    def redirect_request(self, *_: object) -> None:
        """Follow nowhere: the answer is an error."""


class Webhook:
    """Tells by HTTP (`highroad.ports.channel.Channel`); any answer but 2xx is a failure.

    Args:
        url: `https://…` or `http://…`. User and password in it become Basic authentication.
        timeout_s: Of one request, in seconds.
    """

    def __init__(self, url: str, *, timeout_s: float = _TIMEOUT_S) -> None:
        parts = urlsplit(url)
        plain = without_secrets(url)
        self._url = f"{plain}?{parts.query}" if parts.query else plain
        # Chat services put the secret of a hook into its path.
        self._name = f"{parts.scheme}://{urlsplit(plain).netloc}"
        self._headers: dict[str, str] = {"Content-Type": "application/json"}
        if parts.username is not None:
            user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._headers["Authorization"] = f"Basic {b64encode(user.encode()).decode()}"
        self._timeout_s = timeout_s
        self._threads: CapacityLimiter = CapacityLimiter(_THREADS)
        self._opener = build_opener(_NoRedirect)

    @property
    def name(self) -> str:
        """Scheme and host; all else of the address may be secret (P7)."""
        return self._name

    async def announce(self, notice: Notice) -> None:
        """POST it.

        Raises:
            ChannelError: It cannot be reached, or did not take it.
        """
        content = json.dumps(notice.json()).encode()
        await anyio.to_thread.run_sync(self._post, content, limiter=self._threads)

    async def close(self) -> None:
        """Nothing is held open."""

    def _post(self, content: bytes) -> None:
        request = Request(  # noqa: S310 - settings let nothing but http and https through
            self._url, data=content, headers=self._headers, method="POST"
        )
        try:
            with self._opener.open(request, timeout=self._timeout_s):
                pass
        except HTTPError as error:
            with error:
                raise ChannelError(
                    f"{self._name} answered {error.code}: see what it wants"
                ) from None
        except (OSError, HTTPException, ValueError) as error:
            raise ChannelError(
                f"{self._name} was not told ({type(error).__name__}): see that it is reached"
            ) from None
