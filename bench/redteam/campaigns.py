"""What is attacked: tool sets written for other purposes, two benchmarks, three domains."""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import examples.retail.tools as retail

import highroad.demo.tools as shop
from bench.redteam.domains import Domains
from highroad import tool_from_schema
from highroad.evals.redteam.encodings import ENCODINGS
from highroad.testing.redteam import AGENTDOJO, GENERIC, INJECAGENT, Campaign
from highroad.tools.shapes import read_tools

ROOT: Final = Path(__file__).resolve().parents[2]
DATA: Final = ROOT / "tests" / "data"
PRACTICE: Final = ("banking", "slack")
HELD_OUT: Final = ("workspace", "travel")
WRITTEN: Final = Path(__file__).parent / "written"
"""Folders with contracts that were written, by the suite whose tools they are of."""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that is attacked.

    Args:
        title: For people to read.
        campaign: What is tried.
    """

    title: str
    campaign: Campaign | Domains


def parts(every: int, *, is_encoded: bool) -> Mapping[str, Part]:
    """All that is attacked.

    Args:
        every: Of so many scenarios one is played.
        is_encoded: Play both benchmarks in every encoding, and not in plain alone.
    """
    written = tuple(each.name for each in ENCODINGS) if is_encoded else (ENCODINGS[0].name,)
    nowhere = Path(tempfile.gettempdir())  # no highroad.toml: what holds without configuration
    generic: dict[str, Any] = {"root": nowhere, "suites": GENERIC, "every": every}
    foreign: dict[str, Any] = {"root": nowhere, "every": every, "encodings": written}
    return {
        "demo": Part("the shop of `highroad demo`", Campaign(tools=[shop], **generic)),
        "retail": Part("`examples/retail`", Campaign(tools=[retail], **generic)),
        "mcp": Part("an MCP server for git", Campaign(tools=listed("git-2026.10.19"), **generic)),
        "injecagent": Part(
            "InjecAgent, direct harm",
            Campaign(suites=(INJECAGENT,), data=DATA / "injecagent", **foreign),
        ),
        "practice": Part(
            "AgentDojo v1, banking and slack",
            Campaign(suites=(AGENTDOJO,), dojo=PRACTICE, **foreign),
        ),
        "written": Part(
            "AgentDojo v1, banking, with a contract that was written",
            Campaign(
                suites=(AGENTDOJO,), dojo=("banking",), **{**foreign, "root": WRITTEN / "banking"}
            ),
        ),
        "written_slack": Part(
            "AgentDojo v1, slack, with a contract that was written",
            Campaign(
                suites=(AGENTDOJO,), dojo=("slack",), **{**foreign, "root": WRITTEN / "slack"}
            ),
        ),
        "held_out": Part(
            "AgentDojo v1, workspace and travel, held out",
            Campaign(suites=(AGENTDOJO,), dojo=HELD_OUT, **foreign),
        ),
        "domains": Part(
            "three domains of our own",
            Domains(folder=DATA / "redteam" / "domains", **foreign),
        ),
    }


def listed(name: str) -> list[Any]:
    """The tools of a recorded MCP list, as a client would declare them."""
    found = json.loads((DATA / "mcp" / f"{name}.json").read_text("utf-8"))
    return [
        tool_from_schema(
            lambda _: None,
            name=each.spec.name,
            description=each.spec.description,
            parameters=each.spec.input_schema,
            returns=each.spec.output_schema,
            source="git.example",
            annotations=dict(each.spec.annotations),
        )
        for each in read_tools(found).tools
    ]
