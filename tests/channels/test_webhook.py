"""The webhook, by the contract of its port and against a real server on loopback."""

import asyncio
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import anyio.to_thread
import pytest

from highroad.adapters.channels.webhook import Webhook
from highroad.ports.channel import ChannelError
from highroad.testing.contracts.channel import NOTICE, ChannelContract

pytestmark = pytest.mark.loopback


class Hook(BaseHTTPRequestHandler):
    """Keeps what is posted; `/deaf` takes nothing, `/away` is elsewhere, `/slow` waits."""

    def do_POST(self):
        content = self.rfile.read(int(self.headers["Content-Length"])).decode()
        status = {"/deaf": 503, "/away": 302}.get(self.path.partition("?")[0], 204)
        if self.path == "/slow":
            self.server.arrived.release()
            self.server.gate.wait(10)
        if status == 204:
            self.server.heard.append(content)
            self.server.headers.append(dict(self.headers))
        self.send_response(status)
        self.send_header("Location", "/hook")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.heard, server.headers = [], []
    server.arrived, server.gate = threading.Semaphore(0), threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.gate.set()
    server.shutdown()
    server.server_close()
    thread.join()


class TestWebhook(ChannelContract):
    @pytest.fixture
    def channel(self, server):
        return Webhook(f"http://127.0.0.1:{server.server_port}/hook")

    @pytest.fixture
    def heard(self, server):
        return lambda: server.heard

    @pytest.fixture
    def deaf(self, server):
        return Webhook(f"http://127.0.0.1:{server.server_port}/deaf")


async def test_user_and_password_authenticate_and_stand_in_no_name(server):
    webhook = Webhook(f"http://me:secret@127.0.0.1:{server.server_port}/hook")
    await webhook.announce(NOTICE)
    assert server.headers[0]["Authorization"] == "Basic bWU6c2VjcmV0"
    assert "secret" not in webhook.name


@pytest.mark.parametrize("path", ["away", "deaf"])
async def test_any_answer_but_success_is_a_failure(server, path):
    webhook = Webhook(f"http://127.0.0.1:{server.server_port}/{path}")
    with pytest.raises(ChannelError):
        await webhook.announce(NOTICE)


async def test_a_slow_hook_takes_four_threads_and_none_of_others(server):
    webhook = Webhook(f"http://127.0.0.1:{server.server_port}/slow")
    telling = [asyncio.ensure_future(webhook.announce(NOTICE)) for _ in range(6)]
    for _ in range(4):
        assert await asyncio.to_thread(server.arrived.acquire, timeout=10)
    assert anyio.to_thread.current_default_thread_limiter().borrowed_tokens == 0
    assert not server.arrived.acquire(blocking=False)
    server.gate.set()
    await asyncio.gather(*telling)
    assert len(server.heard) == 6


@pytest.mark.promise("P7")
@pytest.mark.parametrize("path", ["deaf", "away"])
async def test_neither_name_nor_error_tells_the_path_and_the_query(server, path):
    """Hooks of chat services have their secret there."""
    webhook = Webhook(f"http://me:secret@127.0.0.1:{server.server_port}/{path}?key=secret")
    with pytest.raises(ChannelError) as raised:
        await webhook.announce(NOTICE)
    assert webhook.name == f"http://127.0.0.1:{server.server_port}"
    assert path not in str(raised.value)
    assert "secret" not in str(raised.value)
