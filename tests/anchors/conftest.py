"""An endpoint on this machine that keeps lines, and can misbehave."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Endpoint(ThreadingHTTPServer):
    """Appends what is posted, gives back all of it; answers with `status` where one is set."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content = b""
        self.status = None
        self.requests = []

    @property
    def address(self):
        return f"127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.status is None:
            self.server.content += content
        self.answer(b"")

    def do_GET(self):
        self.answer(self.server.content)

    def answer(self, content):
        self.server.requests.append((self.command, self.path, dict(self.headers)))
        self.send_response(self.server.status or 200)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def endpoint(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = Endpoint()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
