"""What became of a program, read from what its process left behind. Nothing in it is believed."""

import json
import signal
from typing import Any, Final, NoReturn

from highroad.adapters.sandboxes.native import guest_wasm
from highroad.adapters.sandboxes.native.supervision import Ended
from highroad.domain.sandbox import Bound, Language, Program, ProgramLimits, ProgramResult
from highroad.ports.sandbox import LimitExceeded, ProgramFailed, SandboxError

_SHELL: Final = 128
"""A shell, and bubblewrap, tell of a signal as 128 and its number."""
_NO_LIMITS: Final = 126
_WORDS: Final = 1_000


def result_of(program: Program, ended: Ended, limits: ProgramLimits) -> ProgramResult:
    """The result that a process gave.

    Raises:
        LimitExceeded: It was ended by a limit, or says so.
        ProgramFailed: The program ended by an error of its own.
        SandboxError: It left nothing that can be read.
    """
    sent = signal_of(ended.code)
    _check_bounds(program, ended, sent, limits)
    printed = ended.printed.decode(errors="replace")
    if program.language is Language.COMMAND:
        if sent is not None:
            raise ProgramFailed(sent.name)
        output = ended.output.decode(errors="replace")
        return ProgramResult(value={"status": ended.code, "output": output}, printed=printed)
    if program.language is Language.WEBASSEMBLY and ended.code:
        raise _trapped(ended, sent, limits)
    answer = _read(ended, sent)
    if program.language is Language.WEBASSEMBLY:
        return ProgramResult(value=answer, printed=printed)
    if not isinstance(answer, dict):
        raise _no_answer(ended, sent)
    if "value" in answer:
        return ProgramResult(value=answer["value"], printed=printed)
    raise _failure(answer, limits)


def _check_bounds(
    program: Program, ended: Ended, sent: signal.Signals | None, limits: ProgramLimits
) -> None:
    """See whether the kernel ended it for what it took up."""
    if sent is signal.SIGXCPU:
        raise LimitExceeded(Bound.CPU, limits)
    if sent is signal.SIGXFSZ:
        raise LimitExceeded(Bound.FILES, limits)
    if sent is signal.SIGKILL:
        # Nobody else can: it ignored the warning of its processor time, or memory ran out.
        is_slow = ended.took_s >= limits.cpu_s
        raise LimitExceeded(Bound.CPU if is_slow else Bound.MEMORY, limits)
    if sent in {signal.SIGABRT, signal.SIGTRAP} and program.language is Language.JAVASCRIPT:
        raise LimitExceeded(Bound.MEMORY, limits)  # so Node ends when its heap is full
    if ended.code == _NO_LIMITS and not ended.output and b"ulimit" in ended.printed:
        raise SandboxError("its limits could not be set", has_begun=True)  # as far as it says


def signal_of(code: int) -> signal.Signals | None:
    """The signal that ended a process, told by its exit status or by a shell's."""
    number = -code if code < 0 else code - _SHELL
    try:
        return signal.Signals(number) if number > 0 else None
    except ValueError:
        return None


def _trapped(ended: Ended, sent: signal.Signals | None, limits: ProgramLimits) -> SandboxError:
    if ended.code == guest_wasm.FULL:
        return LimitExceeded(Bound.MEMORY, limits)
    name = "TrapError" if sent is None else sent.name
    return ProgramFailed(name, ended.printed.decode(errors="replace")[-_WORDS:])


def _read(ended: Ended, sent: signal.Signals | None) -> Any:  # noqa: ANN401 - JSON of a stranger
    """The answer of a guest, which a program may have written itself."""
    try:
        return json.loads(ended.output, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise _no_answer(ended, sent) from None


def _no_answer(ended: Ended, sent: signal.Signals | None) -> ProgramFailed:
    name = "NoAnswer" if sent is None else sent.name
    return ProgramFailed(name, ended.printed.decode(errors="replace")[-_WORDS:])


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def _failure(answer: dict[str, Any], limits: ProgramLimits) -> SandboxError:
    bound = answer.get("bound")
    if isinstance(bound, str) and bound in set(Bound):
        return LimitExceeded(Bound(bound), limits)
    kind, words = answer.get("kind"), answer.get("words")
    return ProgramFailed(str(kind)[:_WORDS], str(words)[:_WORDS])
