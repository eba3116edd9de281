"""Programs in WebAssembly: modules that see what they are handed, in a process with limits."""

from highroad.adapters.sandboxes.native.answers import result_of
from highroad.adapters.sandboxes.native.plain import ENVIRONMENT
from highroad.adapters.sandboxes.native.runners import limited, runner_of, wasmtime
from highroad.adapters.sandboxes.native.supervision import Start, supervised
from highroad.domain.sandbox import Language, Program, ProgramLimits, ProgramResult, Strength


class WasmtimeSandbox:
    """Modules in wasmtime (`highroad.ports.sandbox.ProgramSandbox`).

    WASI gives a module the folders that the limits name, and nothing else: no network at all.
    """

    @property
    def strength(self) -> Strength:
        """An interpreter in a process of its own (`ProgramSandbox.strength`)."""
        return Strength.INTERPRETER

    @property
    def languages(self) -> frozenset[Language]:
        """WebAssembly (`ProgramSandbox.languages`)."""
        return frozenset({Language.WEBASSEMBLY})

    @property
    def gives_files(self) -> bool:
        """Folders that are named (`ProgramSandbox.gives_files`)."""
        return True

    def missing(self, language: Language) -> str | None:
        """Whether the library is there (`ProgramSandbox.missing`)."""
        if language is not Language.WEBASSEMBLY:
            return f"wasmtime runs no {language}"
        return None if wasmtime() else "wasmtime: pip install 'highroad[webassembly]'"

    async def run(self, program: Program, limits: ProgramLimits) -> ProgramResult:
        """Run a module in a process of its own (`ProgramSandbox.run`)."""
        runner = runner_of(program, limits)
        start = Start(command=limited(runner, limits), environment=ENVIRONMENT)
        return result_of(program, await supervised(start, runner.said, limits), limits)

    async def close(self) -> None:
        """Nothing is kept (`ProgramSandbox.close`)."""
