"""What the record of a call says otherwise if a client of MCP made it, and why; nothing else may.

Who reads this learns by what such a call differs: not in how it is judged, but in what is known of
it. The record of a program's own model is rewritten so, and compared with that of the client.
"""

from collections.abc import Iterator

OUTSIDE = "stdio:orders"
"""The server, as it stands in the definitions of its tools and in the chain of a call."""
SENT_OUT = {"find_parcel": ["/order_id"]}
"""Reads, and what of their arguments is judged: a server may be anybody, and is told them."""
BROKEN = {"python.ConnectionError": "mcp.-32000"}
"""How a line that breaks is read: the body of a tool sees it, or the client of the server does."""


def as_by_client(entries: list[dict]) -> list[dict]:
    """The comparable record of a scene, as it has to be by the door of MCP."""
    begun: set[str] = set()
    return [
        _by_client(body, begun) if body["kind"].startswith("call.") else body for body in entries
    ]


def in_another_run(entries: list[dict]) -> list[dict]:
    """The same, where its last call came by another connection, which is another run."""
    *before, last = entries
    id_, _, size = last["arguments"]
    apart = {"run": "run 2", "new_run": True, "step": 1}
    # By the key of that run; the client named the call, and so it is the same.
    sealed = {"key": "key 2", "arguments": [id_, "digest 3", size]}
    return [*before, {**last, **apart, **sealed}]


def _by_client(body: dict, begun: set[str]) -> dict:
    made = dict(body)
    made.pop("conversation", None)  # MCP has connections, and nothing that lasts longer
    if "origin" in made:
        made["origin"] = "foreign"  # nobody knows who or what proposed it
        made["delegation"] = [OUTSIDE]  # a client reaches the tools of the server, and no others
    if made.get("rules"):
        made["rules"] = [f'delegate.{OUTSIDE}.tools "{made["tool"]}"', *made["rules"]]
    # What the user said does not come with the call, so no argument has a source.
    if made["kind"] == "call.intent" and made["tool"] in SENT_OUT:
        judged = SENT_OUT[made["tool"]]
        made["sources"] = [[at, None, "source 1", None] for at in judged]
        made["integrity"] = [[0, 1] for _ in judged]
    elif "sources" in made:
        made["sources"] = [[at, None, id_, None] for at, _, id_, _ in made["sources"]]
        made["integrity"] = [[0, needs] for _, needs in made["integrity"]]
    is_first = made["call"] not in begun
    begun.add(made["call"])
    made["stages"] = [list(_stage(each, made, is_first)) for each in made["stages"]]
    return made


def _stage(stage: list, body: dict, is_first: bool) -> Iterator[object]:
    name, verdict, rule, note = stage
    if name == "assess" and is_first:
        pointers = " ".join(at for at, *_ in body["sources"])
        outside = "" if body["tool"] in SENT_OUT else " outside_request"
        yield from (name, "proceed", rule)
        yield f"grounding.observe: {pointers}; provenance.observe: untrusted_source{outside}"
        return
    for ours, theirs in BROKEN.items():
        note = note and note.replace(ours, theirs)
    yield from (name, verdict, rule, note)
