"""HTTP: status codes and connections, as clients tell of them.

The clients are known by likeness: httpx, requests, aiohttp, urllib, and whatever else has a status
and a response. Statuses mean what RFC 9110 says, and RFC 6585, 8470 and 4918 where named.
"""

from collections.abc import Mapping
from typing import Final

from highroad.domain.failure_kind import FailureKind
from highroad.resilience.failures.likeness import class_names, read, whole_number
from highroad.resilience.failures.meaning import Meaning
from highroad.resilience.failures.retry_after import retry_after_s

STATUSES: Final[Mapping[int, tuple[FailureKind, bool]]] = {
    400: (FailureKind.INVALID_ARGUMENTS, True),  # 15.5.1: "cannot or will not process the request"
    401: (FailureKind.DENIED, True),  # 15.5.2: "the request has not been applied"
    402: (FailureKind.PERMANENT, False),
    403: (FailureKind.DENIED, True),  # 15.5.4: "refuses to fulfill it"
    404: (FailureKind.INVALID_ARGUMENTS, False),
    405: (FailureKind.PERMANENT, True),  # 15.5.6: "not supported by the target resource"
    406: (FailureKind.PERMANENT, False),
    407: (FailureKind.DENIED, True),  # 15.5.8: as 401, said by a proxy on the way
    408: (FailureKind.TIMEOUT, False),
    409: (FailureKind.INVALID_ARGUMENTS, False),
    410: (FailureKind.INVALID_ARGUMENTS, False),
    411: (FailureKind.BUG, True),  # 15.5.12: "refuses to accept the request"
    412: (FailureKind.INVALID_ARGUMENTS, True),  # 13.2.1: "MUST NOT perform the requested method"
    413: (FailureKind.INVALID_ARGUMENTS, True),  # 15.5.14: "refusing to process a request"
    414: (FailureKind.INVALID_ARGUMENTS, True),  # 15.5.15: "refusing to service the request"
    415: (FailureKind.BUG, True),  # 15.5.16: "refusing to service the request"
    421: (FailureKind.TRANSIENT, True),  # 15.5.20: "MAY retry … whether or not … idempotent"
    422: (FailureKind.INVALID_ARGUMENTS, True),  # 15.5.21: "unable to process"
    423: (FailureKind.TRANSIENT, False),
    424: (FailureKind.PERMANENT, False),
    425: (FailureKind.TRANSIENT, True),  # RFC 8470, 5.2: "unwilling to risk processing a request"
    426: (FailureKind.PERMANENT, True),  # 15.5.22: "refuses to perform the request"
    428: (FailureKind.BUG, False),
    429: (FailureKind.THROTTLED, False),  # RFC 6585, 4 says nothing of what was done before
    431: (FailureKind.INVALID_ARGUMENTS, True),  # RFC 6585, 5: "unwilling to process the request"
    451: (FailureKind.DENIED, False),
    500: (FailureKind.TRANSIENT, False),
    501: (FailureKind.PERMANENT, False),
    502: (FailureKind.TRANSIENT, False),
    503: (FailureKind.TRANSIENT, False),  # gateways say it of connections that broke as well
    504: (FailureKind.TIMEOUT, False),
    505: (FailureKind.PERMANENT, False),
    507: (FailureKind.PERMANENT, False),
    508: (FailureKind.PERMANENT, False),
    511: (FailureKind.DENIED, False),
}
"""What a status is a sign of, and whether it says itself that the request was not processed."""

UNSENT: Final = frozenset(
    {
        *("httpx.ConnectError", "httpx.ConnectTimeout", "httpx.PoolTimeout"),
        "requests.ConnectTimeout",
    }
)
"""No connection was made, so that nothing was sent."""
_UNSENT_REASON: Final = frozenset({"urllib3.NewConnectionError", "urllib3.ConnectTimeoutError"})
"""What requests holds inside of a `ConnectionError` that stands for the same."""
TIMEOUTS: Final = frozenset(
    {
        *("httpx.TimeoutException", "requests.Timeout", "urllib3.TimeoutError"),
        "aiohttp.ServerTimeoutError",
    }
)
BROKEN: Final = frozenset(
    {
        *("httpx.NetworkError", "httpx.RemoteProtocolError", "httpx.ProxyError"),
        *("requests.ConnectionError", "requests.ChunkedEncodingError"),
        *("aiohttp.ClientConnectionError", "aiohttp.ClientPayloadError"),
        *("urllib3.ProtocolError", "urllib3.MaxRetryError", "http.IncompleteRead"),
        "urllib.URLError",
    }
)
"""The connection was not made, or broke; how far a request had come nobody can say."""
WRONG: Final = frozenset(
    {
        *("httpx.InvalidURL", "httpx.UnsupportedProtocol", "httpx.LocalProtocolError"),
        *("requests.InvalidURL", "requests.MissingSchema", "requests.InvalidSchema"),
        "aiohttp.InvalidURL",
    }
)
"""The request could not be put together."""

_ANSWERED: Final = frozenset(
    {"httpx.HTTPStatusError", "requests.HTTPError", "aiohttp.ClientResponseError"}
)
"""Raised by a client for an answer of its own. Libraries on top of one repeat requests by
themselves, and their errors tell of the last one only."""
_SENT_ONCE: Final = frozenset({"POST", "PATCH"})
"""Methods of which the failed request is the only one that was sent. Clients repeat others by
themselves (RFC 9110, 9.2.2), and turn a POST into a GET when they follow a redirect (15.4.4), so
that of a GET nobody knows what went before it."""


def meaning(error: BaseException, now_ms: int | None) -> Meaning | None:
    """What a client's error means; `None` of what no client raises."""
    status = _status(error)
    if status is not None:
        return _of_status(error, status, now_ms)
    names = class_names(error)
    if names & WRONG:
        return Meaning(kind=FailureKind.BUG, rule="http.request")
    is_unsent = bool(names & UNSENT) or _is_refused(error, names)
    if names & TIMEOUTS:
        kind = FailureKind.TIMEOUT
    elif is_unsent or names & BROKEN:
        kind = FailureKind.TRANSIENT
    else:
        return None
    rule = "http.unsent" if is_unsent else "http.connection"
    return Meaning(kind=kind, rule=rule, is_not_applied=is_unsent and _is_sent_once(error))


def _of_status(error: BaseException, status: int, now_ms: int | None) -> Meaning:
    """A status that nobody knows is as good as the first of its class (RFC 9110, 15)."""
    kind, is_refused = STATUSES.get(status) or (STATUSES[status // 100 * 100][0], False)
    return Meaning(
        kind=kind,
        rule=f"http.{status}",
        is_not_applied=is_refused and _is_only_answer(error),
        retry_after_s=retry_after_s(_retry_after(error), now_ms),
    )


def _status(error: BaseException) -> int | None:
    """The status of the answer that became an error, from 400 to 599."""
    for path in (
        ("response", "status_code"),
        ("response", "status"),
        ("status_code",),
        ("status",),
    ):
        status = whole_number(read(error, *path))
        if status is not None and 400 <= status <= 599:  # noqa: PLR2004 - classes 4 and 5
            return status
    return None


def _retry_after(error: BaseException) -> object:
    for path in (("response", "headers"), ("headers",)):
        get = read(error, *path, "get")
        if callable(get):
            try:
                return get("Retry-After") or get("retry-after")
            except Exception:  # noqa: BLE001 - foreign headers, asked in passing
                return None
    return None


def _is_refused(error: BaseException, names: frozenset[str]) -> bool:
    """Whether requests wraps what says that no connection was made."""
    if "requests.ConnectionError" not in names:
        return False
    reason = read(error.args[0], "reason") if error.args else None
    return isinstance(reason, BaseException) and bool(class_names(reason) & _UNSENT_REASON)


def _is_sent_once(error: BaseException) -> bool:
    """Whether the request that failed is the only one there was."""
    method = read(error, "request", "method") or read(error, "request_info", "method")
    return isinstance(method, str) and method.upper() in _SENT_ONCE


def _is_only_answer(error: BaseException) -> bool:
    """Whether the client says that this answers the only request there was, and no redirect."""
    if not class_names(error) & _ANSWERED or not _is_sent_once(error):
        return False
    for path in (("response", "history"), ("history",)):
        history = read(error, *path)
        if isinstance(history, list | tuple):
            return not history
    return False
