"""Ways out by the kernel's own calls, tried from everything that bubblewrap holds.

A program, a program beside a way out, and the body of a tool live under the same filter; each is
tried. What `plain` lets through is tried as well, so that nobody takes it for more than it is.
"""

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from highroad.adapters.sandboxes.native import seccomp
from highroad.adapters.sandboxes.native.bodies import BodyJail
from highroad.adapters.sandboxes.native.bubblewrap import BubblewrapSandbox
from highroad.adapters.sandboxes.native.plain import PlainSandbox
from highroad.domain.sandbox import Bound, Language, Program, ProgramLimits
from highroad.ports.sandbox import LimitExceeded, SandboxError

LIMITS = ProgramLimits(cpu_s=10, wall_s=30, memory_mb=192)
EPERM, ENOSYS = 1, 38
TO_COME = (*range(463, 470), 470, 500, 511, 512, 547, 1_000, 0x40000000 | 101)
"""Numbers of calls that came to kernels of late, or never did, or stand behind the x32 door."""
CALLS = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def refused(number, *arguments):
    ctypes.set_errno(0)
    said = libc.syscall(ctypes.c_long(number), *(arguments or (0, 0, 0, 0, 0)))
    return [said, ctypes.get_errno()]
"""


class Closed:
    """A way out that nobody opens (`highroad.ports.egress.WayOut`)."""

    is_exhausted = False

    def __init__(self, socket):
        self.socket = socket


@pytest.fixture
def sandbox(machine_has):
    sandbox = BubblewrapSandbox()
    machine_has(sandbox.missing(Language.PYTHON))
    return sandbox


@pytest.fixture
def folder():
    """One whose name is short enough for a socket."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        yield Path(name)


@pytest.fixture(params=["program", "program beside a way out", "body"])
def inside(request, sandbox, folder):
    """Runs a program in Python wherever bubblewrap holds one, and gives its result."""

    async def program(text, **inputs):
        asked = Program(language=Language.PYTHON, text=CALLS + text, inputs=inputs)
        if request.param == "program":
            return (await sandbox.run(asked, LIMITS)).value
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(str(folder / "door"))
            door.listen()
            return (await sandbox.run(asked, LIMITS, Closed(folder / "door"))).value

    def begun(text, inputs):
        *before, last = text.strip().splitlines()
        said = "\n".join([f"{name} = {value!r}" for name, value in inputs.items()])
        whole = "\n".join([said, CALLS, *before, f"import json; print(json.dumps({last}))"])
        start = BodyJail(LIMITS, ()).start((sys.executable, "-I", "-S", "-c", whole))
        try:
            done = subprocess.run(
                start.command, env={}, pass_fds=start.given, capture_output=True, check=False
            )
        finally:
            for each in start.given:
                os.close(each)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    async def body(text, **inputs):
        return await asyncio.to_thread(begun, text, inputs)

    return body if request.param == "body" else program


async def test_every_call_that_is_forbidden_is_refused(inside):
    forbidden = seccomp.machine().forbidden
    text = "{name: refused(number) for name, number in numbers.items()}"
    found = await inside(text, numbers=forbidden)
    assert {name for name, said in found.items() if said != [-1, EPERM]} == set()


async def test_calls_that_nobody_knows_yet_are_unknown(inside):
    """What a newer kernel adds is refused until somebody has looked at it."""
    found = await inside("[refused(number) for number in numbers]", numbers=TO_COME)
    assert found == [[-1, ENOSYS]] * len(TO_COME)


async def test_no_kind_of_socket_is_there_but_streams_of_the_relay(inside, request):
    """Raw, of the kernel's own cryptography, of the hypervisor, of Bluetooth: each is a way."""
    text = """
import socket
attained = []
for family in range(46):
    for kind in (1, 2, 3, 4, 5, 6, 10):
        try:
            socket.socket(family, kind).close()
            attained.append([family, kind])
        except OSError:
            pass
attained
"""
    is_beside = "beside" in request.node.name
    assert await inside(text) == ([[socket.AF_INET, 1]] if is_beside else [])


async def test_no_name_is_looked_up_by_anybody(inside):
    """Names are asked of a server that may be the stranger's: whatever is in them is told."""
    text = """
import socket
attained = []
for name in ('4c1f.example.com', 'localhost', 'ip6-localhost'):
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            attained.append(socket.getaddrinfo(name, 80, family))
        except OSError:
            pass
[each for each in attained if '127.0.0.1' not in repr(each) and '::1' not in repr(each)]
"""
    assert await inside(text) == []


async def test_nobody_inherits_a_file_but_its_three(inside, folder, request):
    """Neither ours, nor the relay's, nor the one by which the filter was handed over."""
    (folder / "held").write_text("not for programs")
    with (folder / "held").open() as held:
        os.set_inheritable(held.fileno(), True)
        text = """
import os
found = []
for number in range(256):
    try:
        found.append([number, oct(os.fstat(number).st_mode & 0o170000)])
    except OSError:
        pass
found
"""
        found = await inside(text)
    # A guest keeps its own answer at 3; what a body is told and tells are pipes too.
    expected = 3 if request.node.callspec.params["inside"] == "body" else 4
    assert [number for number, _ in found] == list(range(expected))
    assert {kind for number, kind in found if number} == {"0o10000"}


async def test_nobody_has_a_terminal_or_reaches_another(inside):
    """By TIOCSTI one types for others; by `/proc` one sees, and by files ends, others."""
    text = """
import fcntl, glob, os
attained = []
for number in range(4):
    for asked in (0x5412, 0x541C, 0x540E):
        try:
            attained.append(repr(fcntl.ioctl(number, asked, b'x')))
        except OSError:
            pass
attained += glob.glob('/proc/*/root') + glob.glob('/proc/*/mem') + glob.glob('/proc/*/fd')
for place in ('/dev/tty', '/dev/console', '/dev/mem', '/dev/kmsg', '/dev/fuse', '/dev/kvm'):
    try:
        os.close(os.open(place, os.O_RDWR))
        attained.append(place)
    except OSError:
        pass
attained
"""
    assert await inside(text) == []


async def test_what_gains_rights_gains_none(inside):
    """Programs that become root when they are started, on whatever they lie."""
    text = """
import os
grow = [path for path in ('/usr', '/tmp') if not os.statvfs(path).f_flag & os.ST_NOSUID]
[libc.prctl(39, 0, 0, 0, 0), grow, os.getuid(), os.geteuid(), os.getgroups()]
"""
    no_new, grow, user, effective, groups = await inside(text)
    assert (no_new, grow) == (1, [])
    assert user == effective == 65_534
    assert set(groups) <= {65_534}


async def test_a_call_of_another_machine_ends_it(sandbox):
    """By the 32-bit door, where numbers mean other calls, nothing is answered at all."""
    if os.uname().machine != "x86_64":
        pytest.skip("there is no such door")
    text = """
import ctypes, mmap
code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
code.write(bytes.fromhex('b814000000cd80c3'))  # getpid by int 0x80
at = ctypes.addressof(ctypes.c_char.from_buffer(code))
ctypes.CFUNCTYPE(ctypes.c_int)(at)()
"""
    with pytest.raises(SandboxError) as ended:
        await sandbox.run(Program(language=Language.PYTHON, text=text, inputs={}), LIMITS)
    assert getattr(ended.value, "kind", "") == "SIGSYS"


async def test_it_cannot_end_or_hold_whoever_started_it(sandbox):
    """Its parent is the first process of its own namespace, and hears no signal of it."""
    text = """
import os, signal
told = []
for number in (signal.SIGTERM, signal.SIGSTOP, signal.SIGKILL, signal.SIGHUP):
    try:
        os.kill(os.getppid(), number)
    except OSError:
        pass
[os.getppid(), 'still here']
"""
    said = await sandbox.run(Program(language=Language.PYTHON, text=text, inputs={}), LIMITS)
    assert said.value == [1, "still here"]


async def test_nothing_of_one_program_is_there_for_the_next(sandbox, folder):
    """In memory that is shared, in the folder for what passes, by any name."""
    leave = """
left = []
for place in ('/tmp/left', '/dev/shm/left', '/dev/left', '/run/left', '/left'):
    try:
        open(place, 'w').write('x')
        left.append(place)
    except OSError:
        pass
left
"""
    seek = "import os\n[each for each in places if os.path.exists(each)]"
    first = await sandbox.run(Program(language=Language.PYTHON, text=leave, inputs={}), LIMITS)
    assert first.value == ["/tmp/left"]  # noqa: S108 - its own
    then = Program(language=Language.PYTHON, text=seek, inputs={"places": first.value})
    assert (await sandbox.run(then, LIMITS)).value == []
    assert not await asyncio.to_thread(os.path.exists, "/tmp/left")  # noqa: S108 - nor ours


async def test_a_file_with_holes_counts_as_large_as_it_says(sandbox, folder):
    """A terabyte of nothing takes no disk, and takes whoever reads it later."""
    limits = ProgramLimits(wall_s=30, file_mb=4, writable=(str(folder),))
    for place in (str(folder), "/tmp"):  # noqa: S108 - its own
        text = f"open('{place}/holes', 'wb').truncate(1 << 40)"
        with pytest.raises(LimitExceeded) as exceeded:
            await sandbox.run(Program(language=Language.PYTHON, text=text, inputs={}), limits)
        assert exceeded.value.bound is Bound.FILES
    assert all(path.stat().st_size <= 4 * 1_048_576 for path in folder.iterdir())


async def test_a_link_that_a_program_leaves_leads_no_other_program_out(sandbox, folder):
    """What one leaves in a folder that it may change, the next one finds, and no more."""
    outside = folder / "outside"
    outside.write_text("not for programs")
    shared = folder / "shared"
    shared.mkdir()
    limits = ProgramLimits(wall_s=30, writable=(str(shared),))
    plant = "import os\nos.symlink(outside, f'{shared}/link')\nos.symlink('/', f'{shared}/all')"
    seek = """
attained = []
for place in (f'{shared}/link', f'{shared}/all{outside}', f'{shared}/../outside'):
    try:
        attained.append(open(place).read())
    except OSError:
        pass
attained
"""
    inputs = {"outside": str(outside), "shared": str(shared)}
    for text, said in ((plant, None), (seek, [])):
        asked = Program(language=Language.PYTHON, text=text, inputs=inputs)
        assert (await sandbox.run(asked, limits)).value == said


@pytest.mark.loopback
async def test_limits_alone_stop_none_of_it(monkeypatch, folder):
    """`plain` is no jail: it sees our files, reaches our sockets and our processes."""
    sandbox = PlainSandbox()
    (folder / "secret").write_text("not for programs")
    victim = await asyncio.create_subprocess_exec("/bin/sleep", "60")
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        text = """
import os, socket
one = socket.create_connection(('127.0.0.1', port), 5)
os.kill(victim, 15)
[open(secret).read(), one.getpeername()[0]]
"""
        inputs = {
            "port": listening.getsockname()[1],
            "secret": str(folder / "secret"),
            "victim": victim.pid,
        }
        asked = Program(language=Language.PYTHON, text=text, inputs=inputs)
        assert (await sandbox.run(asked, LIMITS)).value == ["not for programs", "127.0.0.1"]
    assert await victim.wait() == -15
