"""Programs on machines of Modal, each made for one program and ended behind it.

Modal is spoken to by its own client, since its gRPC is nobody else's to speak: its package says
that it may change with any version. The machine is made from an image that was built before, has no
network, and ends by itself when its time is up.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, NoReturn, TypeAlias

from highroad.adapters.sandboxes.native.answers import result_of
from highroad.adapters.sandboxes.native.plain import LANGUAGES
from highroad.adapters.sandboxes.native.runners import contained, limited
from highroad.adapters.sandboxes.native.supervision import Ended, Flooded, Room
from highroad.domain.sandbox import (
    MODAL_RUNTIMES,
    Bound,
    Language,
    ModalRules,
    Program,
    ProgramLimits,
    ProgramResult,
    Strength,
)
from highroad.ports.egress import WayOut
from highroad.ports.sandbox import LimitExceeded, SandboxError

if TYPE_CHECKING:
    from modal import App, Client, Image, Sandbox
    from modal.container_process import ContainerProcess
    from modal.io_streams import StreamReader
    from modal.types import SandboxRuntime

TOKEN_ID: Final = "MODAL_TOKEN_ID"  # noqa: S105 - the name of a variable
TOKEN_SECRET: Final = "MODAL_TOKEN_SECRET"  # noqa: S105 - likewise
Secrets: TypeAlias = Callable[[str], str | None]
"""What an environment variable holds; `None` where there is none of that name."""
_GRACE_S: Final = 10
_LEAVE_S: Final = 10.0
_BESIDE_MIB: Final = 768
"""Of memory beside the program's own: the shell before it, and what Node takes for itself."""
_PART: Final = 1_048_576
"""Bytes of input that are told at once; the client takes no more than twice that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Account:
    """Whose machines they are, and what they are made from."""

    client: "Client"
    app: "App"
    image: "Image"
    runtime: "SandboxRuntime"


class ModalSandbox:
    """A machine for each program (`highroad.ports.sandbox.ProgramSandbox`).

    Args:
        rules: Image and app; without any it says what is missing.
        secrets: Reads the token, when it is needed.
    """

    def __init__(self, rules: ModalRules | None, secrets: Secrets) -> None:
        self._rules = rules
        self._secrets = secrets
        self._account: asyncio.Task[_Account] | None = None

    @property
    def strength(self) -> Strength:
        """What its runtime gives, where somebody else runs it (`ProgramSandbox.strength`)."""
        return Strength.KERNEL if self._rules is None else MODAL_RUNTIMES[self._rules.runtime]

    @property
    def languages(self) -> frozenset[Language]:
        """What processes run (`ProgramSandbox.languages`)."""
        return LANGUAGES

    @property
    def gives_files(self) -> bool:
        """None of this machine (`ProgramSandbox.gives_files`)."""
        return False

    @property
    def has_way_out(self) -> bool:
        """Our proxy is not there (`ProgramSandbox.has_way_out`)."""
        return False

    @property
    def version(self) -> str:
        """Image, runtime, and version of the client (`ProgramSandbox.version`)."""
        which = "" if self._rules is None else f"{self._rules.image} {self._rules.runtime}"
        return f"{which} {version('modal')}".strip()

    def missing(self, language: Language) -> str | None:
        """Whether it is configured (`ProgramSandbox.missing`)."""
        if language not in LANGUAGES:
            return f"no process runs {language}"
        if self._rules is None:
            return "machines of Modal: set `sandbox.modal.image`"
        if find_spec("modal") is None:
            return "Modal's client: pip install 'highroad[modal]'"
        if not self._secrets(TOKEN_ID) or not self._secrets(TOKEN_SECRET):
            return f"a token of Modal: set {TOKEN_ID} and {TOKEN_SECRET} in the environment"
        return None

    async def run(
        self, program: Program, limits: ProgramLimits, way_out: WayOut | None = None
    ) -> ProgramResult:
        """Run a program on a machine of its own (`ProgramSandbox.run`)."""
        if limits.readable or limits.writable or way_out is not None:
            raise SandboxError("machines of Modal have no files and no way out", has_begun=False)
        runner = contained(program, limits)
        try:
            async with asyncio.timeout(limits.wall_s), self._machine(limits) as machine:
                ended = await _ran(machine, limited(runner, limits), runner.said, limits)
        except TimeoutError:
            raise LimitExceeded(Bound.WALL, limits) from None
        except Flooded:
            raise LimitExceeded(Bound.OUTPUT, limits) from None
        return result_of(program, ended, limits)

    async def close(self) -> None:
        """Give up the connection (`ProgramSandbox.close`)."""
        opening, self._account = self._account, None
        if opening is not None:
            with suppress(SandboxError):
                await (await opening).client.close.aio()

    @asynccontextmanager
    async def _machine(self, limits: ProgramLimits) -> "AsyncIterator[Sandbox]":
        """A machine, which is ended whatever becomes of whoever wanted it."""
        making = asyncio.ensure_future(self._made(limits))
        try:
            yield await asyncio.shield(making)
        finally:
            await asyncio.shield(asyncio.ensure_future(_ended(making)))

    async def _made(self, limits: ProgramLimits) -> "Sandbox":
        account = await self._opened()
        from modal import Sandbox  # noqa: PLC0415 - an extra

        life_s = math.ceil(limits.wall_s) + _GRACE_S
        memory = limits.memory_mb * limits.processes + _BESIDE_MIB
        with _told(has_begun=False):
            return await Sandbox.create.aio(
                *("/bin/sleep", str(life_s)),
                app=account.app,
                image=account.image,
                client=account.client,
                timeout=life_s,
                # Both times what it is given and the most that it gets.
                cpu=(1.0, 1.0),
                memory=(memory, memory),
                # By name, or it would be Modal's choice how strong it is.
                runtime=account.runtime,
                block_network=True,
            )

    async def _opened(self) -> _Account:
        """The account, looked up once; anew where that failed."""
        if self._account is None or (self._account.done() and self._account.exception()):
            self._account = asyncio.ensure_future(self._open())
        return await asyncio.shield(self._account)

    async def _open(self) -> _Account:
        rules, secrets = self._rules, (self._secrets(TOKEN_ID), self._secrets(TOKEN_SECRET))
        if rules is None or not secrets[0] or not secrets[1]:
            raise SandboxError("no machines of Modal are configured", has_begun=False)
        await asyncio.to_thread(import_module, "modal")  # it takes most of a second
        from modal import App, Client, Image  # noqa: PLC0415 - an extra

        with _told(has_begun=False):
            client = await Client.from_credentials.aio(secrets[0], secrets[1])
            app = await App.lookup.aio(rules.app, client=client, create_if_missing=True)
            image = Image.from_id(rules.image, client=client)
            return _Account(client=client, app=app, image=image, runtime=rules.runtime)


async def _ran(
    machine: "Sandbox", command: Sequence[str], said: bytes, limits: ProgramLimits
) -> Ended:
    """Run a command on a machine: tell it something, and hear it out.

    Raises:
        Flooded: It says more than there is room for.
        SandboxError: It was lost.
    """
    room, now_s = Room(limits.output_bytes), asyncio.get_running_loop().time
    began_s = now_s()
    with _told(has_begun=True):
        process = await machine.exec.aio(*command, text=False, workdir="/tmp")  # noqa: S108 - its own
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_tell(process, said))
            output = tasks.create_task(_hear(process.stdout, room))
            printed = tasks.create_task(_hear(process.stderr, room))
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None
    with _told(has_begun=True):
        code = await process.wait.aio()
    return Ended(
        code=code, output=output.result(), printed=printed.result(), took_s=now_s() - began_s
    )


async def _tell(process: "ContainerProcess[bytes]", said: bytes) -> None:
    """Tell a process its input, and that there is no more; it need not listen."""
    with suppress(SandboxError), _told(has_begun=True):
        for at in range(0, len(said), _PART):
            process.stdin.write(said[at : at + _PART])
            await process.stdin.drain.aio()
        process.stdin.write_eof()
        await process.stdin.drain.aio()


async def _hear(stream: "StreamReader[bytes]", room: Room) -> bytes:
    parts = []
    with _told(has_begun=True):
        async for part in stream:
            room.take(len(part))
            parts.append(part)
    return b"".join(parts)


async def _ended(making: "asyncio.Task[Sandbox]") -> None:
    """End a machine, also one that is still being made; else its own time does."""
    with suppress(SandboxError, TimeoutError):
        async with asyncio.timeout(_LEAVE_S):
            machine = await making
            with _told(has_begun=True):
                try:
                    await machine.terminate.aio()
                finally:
                    await machine.detach.aio()  # type: ignore[no-untyped-call]  # it says no type


@contextmanager
def _told(*, has_begun: bool) -> Iterator[None]:
    """Tell of what its client raises by its kind alone: its words may be anybody's.

    Raises:
        SandboxError: It raised.
    """
    from grpclib.exceptions import GRPCError, StreamTerminatedError  # noqa: PLC0415 - an extra
    from modal.exception import Error  # noqa: PLC0415 - an extra

    try:
        yield
    except (Error, GRPCError, StreamTerminatedError, OSError, ValueError) as error:
        _lost(error, has_begun=has_begun)


def _lost(error: Exception, *, has_begun: bool) -> NoReturn:
    raise SandboxError(f"Modal failed by {type(error).__name__}", has_begun=has_begun) from None
