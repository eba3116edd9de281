"""Images and files of a result, as providers are sent them."""

import json
from base64 import b64encode
from dataclasses import replace

import pytest

from highroad.domain.model import ToolMessage
from highroad.domain.part import File, Image
from highroad.testing.contracts.model import LATER, whole

pytestmark = [pytest.mark.anyio, pytest.mark.loopback]

PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)
PDF = b"%PDF-1.4 ..."


def with_parts(*parts):
    """A request whose first result brings these along."""
    messages = list(LATER.messages)
    at = next(at for at, each in enumerate(messages) if isinstance(each, ToolMessage))
    messages[at] = replace(messages[at], parts=parts)
    return replace(LATER, messages=tuple(messages)), messages[at].content


@pytest.mark.parametrize("provider", ["anthropic", "openai"])
async def test_bytes_go_along_with_the_result_that_they_belong_to(server, asking, provider):
    image, file = Image(PNG, "image/png"), File(PDF, "application/pdf", "bill.pdf")
    request, content = with_parts(image, file)
    await whole(asking(provider), request)
    sent = json.dumps(server.asked[-1].body)
    told = (json.dumps(content)[1:-1], *(b64encode(each).decode() for each in (PNG, PDF)))
    places = [sent.index(each) for each in told]
    assert places == sorted(places)


async def test_a_result_without_any_is_sent_as_before(server, asking):
    await whole(asking("anthropic"), LATER)
    body = server.asked[-1].body
    assert "base64" not in json.dumps(body)
