"""Who acts in a run of the host, in which of ours, and what its user said."""

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic_ai import RunContext
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextContent,
    ToolReturnPart,
    UserContent,
    UserPromptPart,
)

from highroad.domain.acting import Acting
from highroad.domain.verification import UserTurn


def acting_of(ctx: RunContext[Any]) -> Acting:
    """What the host itself knows: its conversation, and what its users wrote in it.

    Runs of the host that share a conversation are one run of ours, so that what is asked for again
    in it is answered by what was done.
    """
    return Acting(
        run=ctx.conversation_id or ctx.run_id,
        conversation=ctx.conversation_id,
        said=tuple(
            UserTurn(source=f"message-{number}", text=text)
            for number, text in enumerate(_turns(ctx), start=1)
        ),
    )


def filled(said: Acting, usual: Acting) -> Acting:
    """What a mapper says, and what it leaves out as it is usual."""
    return Acting(
        principal=said.principal or usual.principal,
        run=said.run or usual.run,
        conversation=said.conversation or usual.conversation,
        delegation=said.delegation or usual.delegation,
        said=said.said or usual.said,
    )


def _turns(ctx: RunContext[Any]) -> list[str]:
    """What users said, with the prompt of this run, which may stand beside results of tools."""
    said = list(_said(ctx.messages))
    prompt = "" if ctx.prompt is None else _text(ctx.prompt)
    return said if not prompt or prompt in said else [*said, prompt]


def _said(messages: Sequence[ModelMessage]) -> Iterator[str]:
    """Words of users: prompts with which a run of the host began.

    What tools return beside their result, and what code puts into a run that is under way, are
    user prompts to the host as well. Nobody can tell there who wrote them, so they are no words of
    a user here.
    """
    before: ModelMessage | None = None
    for message in messages:
        if isinstance(message, ModelRequest) and _begins_run(message, before):
            for part in message.parts:
                if isinstance(part, UserPromptPart) and (text := _text(part.content)):
                    yield text
        before = message


def _begins_run(request: ModelRequest, before: ModelMessage | None) -> bool:
    if any(isinstance(part, ToolReturnPart) for part in request.parts):
        return False
    if isinstance(before, ModelResponse) and before.tool_calls:
        return False
    return before is None or request.run_id is None or request.run_id != before.run_id


def _text(content: str | Sequence[UserContent]) -> str:
    if isinstance(content, str):
        return content
    texts = [
        each.content if isinstance(each, TextContent) else each
        for each in content
        if isinstance(each, str | TextContent)
    ]
    return "\n".join(texts)
