"""The other side: a service with a disk of its own, which counts what was done to it.

It deduplicates by idempotency key for an hour, and answers probes; what happened shows in its
answers only after it has settled. Time is that of whoever asks, so that nobody has to wait.
"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

HONOURED_MS = 3_600_000
SETTLES_MS = 4_000


class Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    log = None
    turn = Lock()
    effects: ClassVar[list] = []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.turn:
            body["is_repeated"] = self.is_known(body)
            self.effects.append(body)
            os.write(self.log, json.dumps(body).encode() + b"\n")
            os.fsync(self.log)
        self.answer({"number": len(self.effects)})

    def do_GET(self):
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        with self.turn:
            happened = any(
                done["key"] == asked["key"] and done["at"] + SETTLES_MS <= int(asked["at"])
                for done in self.effects
            )
        self.answer({"happened": happened})

    def is_known(self, body):
        return body["dedupes"] and any(
            done["key"] == body["key"] and body["at"] - done["at"] < HONOURED_MS
            for done in self.effects
        )

    def answer(self, content):
        data = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """Whoever asked was killed, as is the custom here."""


def main():
    path = Path(sys.argv[1])
    Service.log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    Service.effects.extend(json.loads(line) for line in path.read_text("utf-8").splitlines())
    server = Server(("127.0.0.1", 0), Service)
    server.daemon_threads = True
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
