"""Your own loop around a model: its calls go over the road, and it always gets an answer.

The model is scripted, so that nothing here needs a key; a real one would return the same two
things, the name of a tool and the text of its arguments.

It prints:

    model: add_note {"order": "ORD-000042", "text": "broken"}
    road:  invalid_arguments /order_id: a string; it is missing
    model: add_note {"order_id": "ORD-000042", "text": "broken"}
    road:  Noted on ORD-000042.
    model: add_note {"order_id": "ORD-000042", "text": "broken"}
    road:  Noted on ORD-000042. The same call was made before; this is its outcome, and nothing was done now.
    notes: ['broken']
"""  # noqa: E501  the note is one line, as the model gets it

import asyncio
import json
from collections.abc import Iterator
from typing import Annotated

from highroad import Content, Origin, Principal, Runtime, tool
from highroad.domain.evidence import Evidence, EvidenceKind, Source

NOTES: list[str] = []
ASKED = Source("message-1", EvidenceKind.REQUEST, text="Note on ORD-000042 that it came broken.")
"""What the user said, where the values of the model's calls have to come from."""


@tool(tier="reversible")
async def add_note(order_id: str, text: Annotated[str, Content()]) -> str:
    """Write a note on an order."""
    NOTES.append(text)
    return f"Noted on {order_id}."


def model() -> Iterator[tuple[str, str]]:
    """Make a mistake, mend it, and then say the same again."""
    yield "add_note", '{"order": "ORD-000042", "text": "broken"}'
    yield "add_note", '{"order_id": "ORD-000042", "text": "broken"}'
    yield "add_note", '{"order_id": "ORD-000042", "text": "broken"}'


async def main() -> None:
    """Hand over what the model says, and hand back what the road answers."""
    alice = Principal("alice")
    async with Runtime.open(tools=[add_note]) as runtime:
        for name, arguments in model():
            print("model:", name, arguments)
            outcome = await runtime.call(
                name,
                arguments,
                principal=alice,
                origin=Origin.MODEL,
                evidence=Evidence((ASKED,)),
                run="conversation-1",
            )
            answer = json.loads(json.dumps(outcome.for_model()))  # what a request would carry
            if "result" in answer:
                print("road: ", *filter(None, (answer["result"], answer.get("note"))))
            else:
                problem = answer["problems"][0]
                print("road: ", answer["code"], f"{problem['pointer']}: {problem['expected']}")
    print("notes:", NOTES)


asyncio.run(main())
