"""What the requests of one line are composed of: messages, as far as there is room, and tools.

It is a function of what is on record, so a resumed run composes the same requests.
"""

from collections.abc import Sequence
from typing import Final

from highroad.agents.asking import Asking, Came, Listener, Question
from highroad.agents.context.bounds import ContextError
from highroad.agents.context.illustrated import in_form
from highroad.agents.context.summary import INSTRUCTIONS, SUMMARY, Old
from highroad.agents.context.tokens import characters_of
from highroad.agents.context.window import Window
from highroad.agents.offering import Allowed, Offering
from highroad.agents.progress import RunInProgress
from highroad.agents.record import Turn
from highroad.agents.selection import Selection
from highroad.agents.stopping import RunStopped
from highroad.domain.json_value import JsonSchema
from highroad.domain.model import (
    Message,
    ModelReply,
    ModelRequest,
    ModelSettings,
    Prompt,
    ToolChoice,
)
from highroad.domain.run import RunStatus
from highroad.domain.tool import ToolDefinition
from highroad.domain.value import value
from highroad.ports.model import Model
from highroad.tools.search.index import Index

_WIND_UP: Final = (
    "No further tool calls are possible in this run. Answer the user now with what you have, and "
    "say plainly what is missing."
)


@value
class Wish:
    """A request before it is known which model is asked."""

    instructions: str
    tools: Sequence[ToolDefinition]
    choice: str
    """`auto`, `required`, `none`, or the name of a tool."""
    output: JsonSchema | None
    purpose: str
    settings: ModelSettings
    news: Turn
    provisional: Sequence[str] = ()
    """Calls that it answers for the time being."""


class Composing:
    """Composes the requests of one line.

    Args:
        run: Of which.
        asking: Knows the forms of tools, and asks for summaries.
        path: Of the line.
    """

    def __init__(self, run: RunInProgress, asking: Asking, path: str) -> None:
        self._run = run
        self._asking = asking
        self._path = path
        self._window = Window(
            run.bounds, standing_tokens=run.standing_tokens, history=len(run.earlier)
        )
        for position, summary in run.summaries.get(path, {}).items():
            self._window.summarize(position, summary)
        self._selection: Selection | None = None
        self._selected = 0
        """Messages that the selection of tools has taken note of."""

    # -- tools -------------------------------------------------------------------------------

    async def tools(
        self, messages: Sequence[Message], names: Sequence[str] | None
    ) -> tuple[ToolDefinition, ...]:
        """Those of the agent's tools that are named; else all, or of many those that are needed.

        Args:
            messages: All of the line.
            names: Of tools.
        """
        brief = self._run.brief
        if names is None and brief.index is None:
            return tuple(brief.tools)
        return self.named(await self._needed(messages) if names is None else names)

    def named(self, names: Sequence[str]) -> tuple[ToolDefinition, ...]:
        """The agent's tools of these names, in this order."""
        by_name = {tool.name: tool for tool in self._run.brief.tools}
        return tuple(by_name[name] for name in names if name in by_name)

    async def _needed(self, messages: Sequence[Message]) -> Sequence[str]:
        """What the line needs by now, in the order in which it came to need it."""
        brief = self._run.brief
        if self._selection is None:
            self._selection = Selection(brief.tools, brief.index or Index.of(brief.tools))
        new, self._selected = messages[self._selected :], len(messages)
        return (await self._selection.grow(new)).names

    def offering(self, came: Came) -> Offering:
        """What the model that replied was offered, in its own form."""
        allowed = came.allowed
        return self._asking.offerings.of(
            self.named(allowed.names),
            allowed.shape,
            allowed.stated,
            handles=self._run.brief.handles,
        )

    # -- a request ---------------------------------------------------------------------------

    def question(
        self, number: int, wish: Wish, model: Model, said: Sequence[Message], *, winds_up: bool
    ) -> Question:
        """What a model is asked.

        Args:
            number: Of the request.
            wish: What the strategy asks for.
            model: Who is asked.
            said: All that was, before the run and in the line.
            winds_up: It is to answer, and to call nothing.

        Raises:
            RunStopped: What must be shown is too much for the model.
        """
        brief, offerings = self._run.brief, self._asking.offerings
        stated = offerings.stated(wish.tools, self._run.services.confidence, brief.team)
        offering = offerings.of(wish.tools, model.shape, stated, handles=brief.handles)
        kept, characters = self._shown(said)
        shown = in_form(kept, model.shape) if self._window.has_bytes else kept
        choice = wish.choice
        if winds_up and offering.tools:
            shown, characters = [*shown, Prompt(text=_WIND_UP)], characters + len(_WIND_UP)
            choice = "none"
        request = ModelRequest(
            instructions=wish.instructions,
            messages=shown,
            tools=offering.tools,
            choice=_choice(choice, offering),
            output=wish.output,
            settings=wish.settings,
            is_streamed=self._run.is_followed,
        )
        return Question(
            number=number,
            path=self._path,
            purpose=wish.purpose,
            request=request,
            allowed=Allowed(names=offering.names, choice=choice, shape=model.shape, stated=stated),
            characters=characters + offering.characters + len(wish.instructions),
            heard=wish.news.heard,
            provisional=wish.provisional,
            told=wish.news.told,
        )

    def _shown(self, said: Sequence[Message]) -> tuple[Sequence[Message], int]:
        """What there is room for of what was said; its length.

        Raises:
            RunStopped: What must be shown is too much for the model.
        """
        try:
            return self._window.shown(said), self._window.characters(said)
        except ContextError as error:
            raise RunStopped(RunStatus.FAILED, "context_exceeded", str(error)) from error

    def count(self, reply: ModelReply, position: int) -> None:
        """Note what the provider has counted of the request that brought a reply.

        Args:
            reply: Which it was.
            position: How much was said before it.
        """
        if not reply.is_estimated:
            self._window.count(position, reply.usage.input)

    # -- summaries ---------------------------------------------------------------------------

    async def sum_up(self, said: Sequence[Message], number: int, listener: Listener) -> None:
        """Have a model sum up the steps that the next request leaves out, where it leaves out any.

        Without a summary they go unsummed: the run does not end for it. What is on record is not
        asked for again, neither a summary nor one for a request that went without.

        Args:
            said: All that was, before the run and in the line.
            number: Of the request that comes next, which is live.
            listener: As for any request.

        Raises:
            RunStopped: Somebody has called the run off.
        """
        old = self._window.old(said)
        if old is not None:
            summary = await self._summary(old, number, listener)
            self._window.summarize(old.position, summary)

    async def _summary(self, old: Old, number: int, listener: Listener) -> str:
        run = self._run
        models = run.brief.roles.get(SUMMARY, run.brief.models)
        request = old.request(run.brief.settings, most_tokens=run.bounds.summed_up)
        characters = sum(map(characters_of, request.messages))

        def question(model: Model) -> Question:
            return Question(
                number=number,
                path=old.path(self._path),
                purpose=SUMMARY,
                request=request,
                allowed=Allowed(choice="none", shape=model.shape),
                characters=characters + len(INSTRUCTIONS),
            )

        with run.asking():
            try:
                came = await self._asking.ask(run, models, question, listener)
            except RunStopped as stopped:
                if stopped.status is RunStatus.CANCELLED:
                    raise
                return ""
        return came.reply.message.text


def _choice(choice: str, offering: Offering) -> ToolChoice:
    if not offering.tools:
        return "none"
    match choice:
        case "auto" | "required" | "none":
            return choice
        case _:
            return offering.named(choice)
