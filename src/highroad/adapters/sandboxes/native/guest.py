"""Runs a program in Python, inside: it imports nothing of ours, and is handed over as text.

Text and inputs come by standard input, since arguments of a process can be read by others. What
the program prints goes to standard error; the answer alone leaves by standard output.
"""

import ast
import errno
import json
import os
import sys

_FULL = {errno.EFBIG, errno.ENOSPC, errno.EDQUOT}


def _run(text: str, scope: dict[str, object]) -> object:
    tree = ast.parse(text, "program")
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.Expr):
        tree.body.pop()
    exec(compile(tree, "program", "exec"), scope)  # noqa: S102 - what this process is for
    if not isinstance(last, ast.Expr):
        return None
    whole = ast.Expression(last.value)
    return eval(compile(whole, "program", "eval"), scope)  # noqa: S307 - likewise


def _failure(error: BaseException) -> dict[str, object]:
    if isinstance(error, MemoryError):
        return {"bound": "memory"}
    if isinstance(error, BlockingIOError):
        return {"bound": "processes"}
    if isinstance(error, OSError) and error.errno in _FULL:
        return {"bound": "files"}
    return {"kind": type(error).__name__, "words": str(error)[:1_000]}


def _answer(said: dict[str, object]) -> str:
    try:
        value = _run(str(said["text"]), {"__name__": "__main__", **dict(said["inputs"])})  # type: ignore[call-overload]  # a JSON object
        return json.dumps({"value": value}, allow_nan=False)
    except BaseException as error:  # noqa: BLE001 - a stranger's program raises what it likes
        return json.dumps(_failure(error))


def main() -> None:
    """Run the one program that this process is for."""
    said = json.loads(sys.stdin.buffer.read())
    outward = os.dup(1)
    os.dup2(2, 1)
    answer = _answer(said)
    sys.stdout.flush()
    left = memoryview(answer.encode())
    while left:
        left = left[os.write(outward, left) :]


if __name__ == "__main__":
    main()
