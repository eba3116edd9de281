"""T3: what linting 1,000 tools costs, beside compiling their schemas.

Ours reads each tool of the sample in `tests/data/bfcl`, repeated under other names, as a subject
and asks every rule of `highroad.tools.lint` about all of them together. Bare compiles the same
schemas with `Draft202012Validator(schema, validate_formats=True, offline=True)`.

The value is the median over turns of processor times, each turn being the one and then the other.
"""

import importlib.metadata
from typing import Final

from jsonschema_rs import Draft202012Validator

from bench.foreign import processor_us, thousand
from bench.harness import Reading, take_turns
from highroad.tools.lint.report import Report, lint
from highroad.tools.lint.subject import Form, Subject

_ROUNDS: Final = 7


async def measure() -> Reading:
    """Measure T3."""
    tools = thousand()

    def report() -> Report:
        return lint(
            [
                Subject(
                    name=tool.name,
                    description=tool.description,
                    input_schema=tool.schema,
                    form=Form.BARE,
                )
                for tool in tools
            ]
        )

    def compiled() -> list[Draft202012Validator]:
        return [
            Draft202012Validator(dict(tool.schema), validate_formats=True, offline=True)
            for tool in tools
        ]

    async def ours() -> list[float]:
        return [processor_us(report, len(tools))]

    async def bare() -> list[float]:
        return [processor_us(compiled, len(tools))]

    turns = await take_turns(_ROUNDS, ours, bare)
    return Reading(
        id="T3",
        value=turns.ratio(),
        unit="of compiling the schemas bare",
        reach="<= 50",
        reference={
            "jsonschema-rs": importlib.metadata.version("jsonschema-rs"),
            "compile_us": turns.peer_median(),
        },
        absolute={"lint_us": turns.absolute()},
    )
