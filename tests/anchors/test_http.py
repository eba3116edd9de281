"""What an anchor behind HTTP sends, and what it takes for a failure."""

import pytest

from highroad.adapters.anchors.http import HttpAnchor
from highroad.domain.error import AnchorError

pytestmark = pytest.mark.loopback


async def test_lines_are_posted_as_lines_of_json(endpoint):
    await HttpAnchor(f"http://{endpoint.address}/heads").publish(["{}", "[]"])
    ((method, path, headers),) = endpoint.requests
    assert (method, path, headers["Content-Type"]) == ("POST", "/heads", "application/jsonl")
    assert endpoint.content == b"{}\n[]\n"


@pytest.mark.promise("P7")
async def test_secrets_of_the_url_are_sent_and_named_nowhere(endpoint):
    anchor = HttpAnchor(f"http://ann:s%2Fecret@{endpoint.address}/heads?token=hush")
    await anchor.publish(["{}"])
    ((_, path, headers),) = endpoint.requests
    assert path == "/heads?token=hush"
    assert headers["Authorization"] == "Basic YW5uOnMvZWNyZXQ="
    assert anchor.name == f"http://{endpoint.address}/heads"
    endpoint.status = 500
    with pytest.raises(AnchorError) as refused:
        await anchor.publish(["{}"])
    assert "hush" not in str(refused.value)
    assert "ecret" not in str(refused.value)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 401, 404, 500])
async def test_any_answer_but_success_is_a_failure(endpoint, status):
    """A POST that is redirected would be answered as a GET, and nothing would be kept."""
    anchor = HttpAnchor(f"http://{endpoint.address}/heads")
    endpoint.status = status
    with pytest.raises(AnchorError, match=str(status)):
        await anchor.publish(["{}"])
    with pytest.raises(AnchorError, match=str(status)):
        await anchor.lines()
    assert {path for _, path, _ in endpoint.requests} == {"/heads"}


async def test_an_endpoint_that_is_not_there_is_told(endpoint):
    address = endpoint.address
    endpoint.socket.close()
    with pytest.raises(AnchorError, match="cannot be reached"):
        await HttpAnchor(f"http://{address}/heads", timeout_s=5).publish(["{}"])


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/x", "http://", "heads.jsonl"])
def test_only_http_is_spoken(url):
    with pytest.raises(AnchorError, match="http"):
        HttpAnchor(url)
