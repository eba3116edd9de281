"""Bodies in a module of their own: a worker imports them by name."""

import importlib
import sys

import pytest

from highroad.adapters.sandboxes.process.pool import ProcessSandbox

BODIES = """
import os, re, signal, subprocess, sys, time
from pathlib import Path

LOADED = []

def load(body):
    name = body.decode()
    if name == "stuck":
        time.sleep(600)
    return globals()[name]

def echo(request):
    return request

def pid(request):
    return str(os.getpid()).encode()

def spins(request):
    while True:
        pass

def sleeps(request):
    Path(request.decode()).write_text(str(os.getpid()))
    time.sleep(600)

def hogs(request):
    '''A loop in C that lets no other thread run.'''
    Path(request.decode()).write_text(str(os.getpid()))
    re.match(r"(a+)+$", "a" * 64 + "b")

def has_child(request):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(request.decode()).write_text(str(child.pid))
    time.sleep(600)

def exits(request):
    os._exit(7)

def crashes(request):
    os.kill(os.getpid(), signal.SIGSEGV)

def chatters(request):
    print("on stdout", flush=True)
    os.write(1, b"raw\\n")
    sys.stderr.write("on stderr\\n")
    return repr(sys.stdin.read()).encode()

def environment(request):
    return "\\n".join([*os.environ, *sys.argv]).encode()

def closes_all(request):
    os.closerange(3, 256)
    time.sleep(600)

def large(request):
    return request * 1_000_000
"""


@pytest.fixture
def bodies(tmp_path, monkeypatch):
    """The name under which workers find what loads them."""
    (tmp_path / "bodies_apart.py").write_text(BODIES)
    monkeypatch.syspath_prepend(tmp_path)
    yield "bodies_apart:load"
    sys.modules.pop("bodies_apart", None)
    importlib.invalidate_caches()


@pytest.fixture
async def sandbox(bodies):
    made = ProcessSandbox(2, bodies)
    yield made
    await made.close()
