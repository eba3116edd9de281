"""What HTTP clients' errors mean: their shapes are those of httpx 0.28, requests 2.34, aiohttp
3.14 and urllib, as they raise them."""

import pytest

from highroad.domain.failure import FailureKind
from highroad.resilience.failures.http import STATUSES
from highroad.resilience.failures.reading import meaning_of

NOW_MS = 784_111_777_000
"""Sun, 06 Nov 1994 08:49:37 GMT, of the examples of RFC 9110."""


@pytest.fixture
def answered(raised, thing):
    """An answer that became an error, by the client that raises it."""

    def make(client, status, *, method="POST", history=(), headers=None):
        headers = headers or {}
        request = thing(method=method)
        if client == "httpx":
            response = thing(status_code=status, headers=headers, history=list(history))
            names = ("httpx.HTTPStatusError", "httpx.HTTPError")
            return raised(*names, response=response, request=request)
        if client == "requests":
            response = thing(status_code=status, headers=headers, history=list(history))
            names = ("requests.exceptions.HTTPError", "requests.exceptions.RequestException")
            return raised(*names, root=OSError, response=response, request=request)
        names = ("aiohttp.client_exceptions.ClientResponseError", "aiohttp.ClientError")
        return raised(
            *names, status=status, headers=headers, history=tuple(history), request_info=request
        )

    return make


CLIENTS = ["httpx", "requests", "aiohttp"]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("status", sorted(STATUSES))
def test_a_status_has_its_kind_and_is_a_proof_where_the_specification_says_so(
    answered, client, status
):
    kind, is_refused = STATUSES[status]
    seen = meaning_of(answered(client, status))
    assert (seen.kind, seen.is_not_applied, seen.rule) == (kind, is_refused, f"http.{status}")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_arguments"),
        (401, "denied"),
        (403, "denied"),
        (404, "invalid_arguments"),
        (408, "timeout"),
        (409, "invalid_arguments"),
        (410, "invalid_arguments"),
        (422, "invalid_arguments"),
        (425, "transient"),
        (429, "throttled"),
        (500, "transient"),
        (502, "transient"),
        (503, "transient"),
        (504, "timeout"),
    ],
)
def test_the_kinds_of_common_statuses(answered, status, kind):
    assert meaning_of(answered("httpx", status)).kind == kind


@pytest.mark.parametrize("status", [404, 408, 409, 410, 429, 500, 502, 503, 504])
def test_what_no_specification_calls_unprocessed_is_no_proof(answered, status):
    assert not meaning_of(answered("httpx", status)).is_not_applied


@pytest.mark.parametrize(("status", "like"), [(418, 400), (499, 400), (599, 500), (520, 500)])
def test_an_unknown_status_is_as_the_first_of_its_class_and_proves_nothing(answered, status, like):
    seen = meaning_of(answered("httpx", status))
    assert (seen.kind, seen.is_not_applied) == (STATUSES[like][0], False)


@pytest.mark.promise("P11")
@pytest.mark.parametrize("client", CLIENTS)
def test_an_answer_behind_a_redirect_says_nothing_of_the_request_before_it(answered, client):
    """A POST may have been applied, and answered with the address of a page that is denied."""
    seen = meaning_of(answered(client, 401, history=["303"]))
    assert (seen.kind, seen.is_not_applied) == (FailureKind.DENIED, False)


@pytest.mark.promise("P11")
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", None])
def test_methods_that_clients_repeat_by_themselves_are_no_proof(answered, client, method):
    assert not meaning_of(answered(client, 400, method=method)).is_not_applied


@pytest.mark.promise("P11")
def test_an_error_of_a_library_on_top_of_a_client_gives_the_kind_and_no_proof(raised, thing):
    """It may have repeated the request before the answer that it tells of."""
    response = thing(status_code=400, headers={}, history=[])
    error = raised(
        "shop_sdk.BadRequestError", response=response, request=thing(method="POST"), status_code=400
    )
    seen = meaning_of(error)
    assert (seen.kind, seen.is_not_applied) == (FailureKind.INVALID_ARGUMENTS, False)


def test_a_status_of_urllib_has_its_kind(raised):
    error = raised("urllib.error.HTTPError", "urllib.error.URLError", root=OSError, status=503)
    assert meaning_of(error).rule == "http.503"


@pytest.mark.parametrize("status", [200, 302, 600, 0, True, "503", None])
def test_what_is_no_status_of_an_error_says_nothing(raised, status):
    assert meaning_of(raised("shop.OddError", status=status)).kind is FailureKind.UNKNOWN


def test_an_attribute_that_cannot_be_read_says_nothing():
    class OddError(Exception):
        @property
        def response(self):
            raise RuntimeError("not now")

    assert meaning_of(OddError()).kind is FailureKind.UNKNOWN


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("120", 120),
        ("0", 0),
        (" 7 ", 7),
        ("Sun, 06 Nov 1994 08:49:47 GMT", 10),
        ("Sunday, 06-Nov-94 08:49:47 GMT", 10),
        ("Sun Nov  6 08:49:47 1994", 10),
        ("Sun, 06 Nov 1994 08:00:00 GMT", 0),
        ("1.5", None),
        ("-5", None),
        ("9" * 5_000, None),
        ("soon", None),
        ("", None),
        ("Sun, 99 Nov 1994 08:49:47 GMT", None),
        (None, None),
        (b"7", None),
    ],
)
def test_retry_after_is_read_in_both_forms(answered, client, field, expected):
    error = answered(client, 503, headers={"Retry-After": field})
    assert meaning_of(error, NOW_MS).retry_after_s == expected


def test_a_date_says_nothing_where_nobody_knows_what_time_it_is(answered):
    error = answered("httpx", 503, headers={"Retry-After": "Sun, 06 Nov 1994 08:49:47 GMT"})
    assert meaning_of(error).retry_after_s is None


def test_headers_that_cannot_be_asked_say_nothing(answered, thing):
    def get(_):
        raise KeyError

    assert meaning_of(answered("httpx", 503, headers=thing(get=get)), NOW_MS).rule == "http.503"


@pytest.mark.promise("P3")
@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (("httpx.ConnectError", "httpx.NetworkError", "httpx.TransportError"), "transient"),
        (("httpx.ConnectTimeout", "httpx.TimeoutException"), "timeout"),
        (("httpx.PoolTimeout", "httpx.TimeoutException"), "timeout"),
        (
            (
                "requests.exceptions.ConnectTimeout",
                "requests.exceptions.ConnectionError",
                "requests.exceptions.Timeout",
            ),
            "timeout",
        ),
    ],
)
def test_a_post_for_which_no_connection_was_made_was_not_applied(raised, thing, names, kind):
    seen = meaning_of(raised(*names, request=thing(method="POST")))
    assert (seen.kind, seen.is_not_applied, seen.rule) == (kind, True, "http.unsent")
    assert not meaning_of(raised(*names, request=thing(method="GET"))).is_not_applied
    assert not meaning_of(raised(*names)).is_not_applied


def refused_by_requests(raised, thing, reason, method="POST"):
    error = raised(
        "requests.exceptions.ConnectionError",
        "requests.exceptions.RequestException",
        root=OSError,
        request=thing(method=method),
        response=None,
    )
    error.args = (raised("urllib3.exceptions.MaxRetryError", reason=reason),)
    return error


@pytest.mark.promise("P3")
@pytest.mark.parametrize(
    "names",
    [
        ("urllib3.exceptions.NewConnectionError", "urllib3.exceptions.ConnectTimeoutError"),
        ("urllib3.exceptions.NameResolutionError", "urllib3.exceptions.NewConnectionError"),
    ],
)
def test_requests_hides_a_refused_connection_two_levels_down(raised, thing, names):
    seen = meaning_of(refused_by_requests(raised, thing, raised(*names)))
    assert (seen.kind, seen.is_not_applied) == (FailureKind.TRANSIENT, True)


@pytest.mark.promise("P11")
def test_a_connection_of_requests_that_broke_is_no_proof(raised, thing):
    broke = raised("urllib3.exceptions.ProtocolError")
    for reason in (broke, None, "refused"):
        seen = meaning_of(refused_by_requests(raised, thing, reason))
        assert (seen.kind, seen.is_not_applied) == (FailureKind.TRANSIENT, False)


@pytest.mark.promise("P11")
@pytest.mark.parametrize(
    ("names", "root", "kind"),
    [
        (("httpx.ReadTimeout", "httpx.TimeoutException"), Exception, "timeout"),
        (("httpx.WriteError", "httpx.NetworkError"), Exception, "transient"),
        (("httpx.RemoteProtocolError",), Exception, "transient"),
        (("requests.exceptions.ReadTimeout", "requests.exceptions.Timeout"), OSError, "timeout"),
        (("requests.exceptions.ChunkedEncodingError",), OSError, "transient"),
        (
            ("aiohttp.client_exceptions.ClientConnectorError", "aiohttp.ClientConnectionError"),
            ConnectionRefusedError,
            "transient",
        ),
        (
            ("aiohttp.ServerDisconnectedError", "aiohttp.ClientConnectionError"),
            OSError,
            "transient",
        ),
        (("urllib.error.URLError",), OSError, "transient"),
    ],
)
def test_what_may_have_been_sent_is_no_proof(raised, thing, names, root, kind):
    """aiohttp and urllib never say what went before: a redirect, a request sent twice."""
    seen = meaning_of(raised(*names, root=root, request=thing(method="POST")))
    assert (seen.kind, seen.is_not_applied) == (kind, False)


def test_a_request_that_could_not_be_put_together_is_a_bug(raised):
    assert meaning_of(raised("requests.exceptions.InvalidURL")).kind is FailureKind.BUG
