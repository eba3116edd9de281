"""What a strategy drives: one line of thought of a run, for one leg.

A strategy is a plain coroutine function. When a run is resumed it runs again from its beginning;
what is on record answers at once, in the same order, and behind that everything is live. So there
is one way for a fresh run and for a resumed one, and what a strategy does between its requests and
calls must depend on nothing but them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias, TypeVar

import orjson

from highroad.agents.acting import Acted, Acting, Wanted
from highroad.agents.asking import Asking, Came, Question
from highroad.agents.composing import Composing, Wish
from highroad.agents.context.illustrated import illustrated
from highroad.agents.fidelity import check_call, check_request
from highroad.agents.handles import answered
from highroad.agents.hearing import FOR_NOW, Hearing
from highroad.agents.offering import Allowed
from highroad.agents.output import Output
from highroad.agents.progress import TRUNK, RunInProgress
from highroad.agents.record import Answered, Turn
from highroad.agents.stopping import Rests, RunStopped
from highroad.domain.error import HighroadError
from highroad.domain.event import EventKind
from highroad.domain.identity import Origin
from highroad.domain.json_value import JsonSchema
from highroad.domain.model import (
    Finish,
    Message,
    ModelCall,
    ModelMessage,
    ModelSettings,
    Prompt,
    ToolMessage,
    UserMessage,
)
from highroad.domain.outcome import AnyOutcome, Completed, Held
from highroad.domain.run import RunStatus
from highroad.domain.tool import ToolDefinition
from highroad.domain.value import value
from highroad.ports.model import Model

T = TypeVar("T")

CORRECTIONS: Final = 2
"""How often a model is told that its final answer is not of the form that was asked for."""
_AT_A_TIME: Final = 64
"""Replies on record that a leg goes through before it lets others have the loop."""
_NOT_MADE: Final = '{"status":"not_made","note":"This call was not made."}'
"""What stands for a call of a reply that its strategy did not make."""


@value
class Reply:
    """What a model has replied in one line of a run."""

    request_id: str
    text: str
    calls: tuple[Wanted, ...]
    """In the tools' own terms."""
    finish: Finish
    model: str
    message: ModelMessage
    """As it stands among the messages."""


class Leg:
    """One line of thought. `fork` makes others, which go their own ways side by side.

    Args:
        run: What all lines of the run share.
        asking: Asks models.
        acting: Makes calls.
        path: Of this line, for the record; the trunk has an empty one.
        messages: What was said in it before.
        output: The form of what it comes to; `None` is text.
        is_dry: Its calls with effects are made dry.
    """

    def __init__(  # noqa: PLR0913 - what a line is made of, each by name
        self,
        run: RunInProgress,
        asking: Asking,
        acting: Acting,
        *,
        path: str = TRUNK,
        messages: Sequence[Message] = (),
        output: Output | None = None,
        is_dry: bool = False,
    ) -> None:
        self._run = run
        self._asking = asking
        self._acting = acting
        self._path = path
        self._is_dry = is_dry
        self._forks = 0
        self._own_calls = 0
        self._request = run.record.errand.text
        self._hearing = Hearing(run, acting) if path == TRUNK else None
        self.messages: list[Message] = list(messages)
        """What was said in this line so far; a strategy may add to it."""
        self._composing = Composing(run, asking, path)
        self.output: Output | None = output
        """The form of the final answer, where it is not text."""

    # -- what there is -----------------------------------------------------------------------

    @property
    def request(self) -> str:
        """What the run was asked for; in a later turn, what began that."""
        return self._request

    @property
    def tools(self) -> tuple[ToolDefinition, ...]:
        """What the agent may call, in the order of names."""
        return tuple(self._run.brief.tools)

    @property
    def team(self) -> Mapping[str, str]:
        """Agents that it may hand work to, in the order of their declaration, and what for."""
        described = {tool.name: tool.description for tool in self._run.brief.tools}
        return {name: described.get(tool, "") for tool, name in self._run.brief.team.items()}

    @property
    def roles(self) -> frozenset[str]:
        """Purposes for which the agent has a model of their own."""
        return frozenset(self._run.brief.roles)

    @property
    def transcript(self) -> tuple[Message, ...]:
        """All that was said: before the run in its conversation, and in this line."""
        return (*self._run.earlier, *self.messages)

    @property
    def instructions(self) -> str:
        """Of the agent, with what is known of the user behind."""
        return self._run.instructions

    @property
    def output_schema(self) -> JsonSchema | None:
        """The JSON Schema of the final answer, where it is not text."""
        return None if self.output is None else self.output.schema

    @property
    def ends(self) -> frozenset[str]:
        """Tools whose completed call ends the run."""
        return self._run.brief.ends

    @property
    def is_last(self) -> bool:
        """Whether the next request is the last that there may be."""
        return self._run.is_last

    @property
    def left(self) -> int:
        """Requests that the run may still make, in all of its lines."""
        return self._run.left

    # -- asking ------------------------------------------------------------------------------

    async def ask(  # noqa: PLR0913 - what a request may differ in, each by name
        self,
        *,
        say: str | None = None,
        instructions: str | None = None,
        tools: Sequence[str] | None = None,
        choice: str = "auto",
        output: JsonSchema | None = None,
        purpose: str = "step",
        settings: ModelSettings | None = None,
    ) -> Reply:
        """Ask the model, with all that was said in this line.

        Near the end of a budget, and at the last iteration, no tools are offered any more: the
        model is told to answer with what it has. Where not all fits that was said, a model sums up
        first what is left out.

        Args:
            say: One more message, from the strategy in the user's name.
            instructions: In place of the agent's.
            tools: Names of those that are offered; all of the agent's.
            choice: `auto`, `required`, `none`, or the name of a tool that must be called.
            output: A JSON Schema that the text keeps to.
            purpose: For the record, and for which of the agent's models is asked.
            settings: In place of the agent's.

        Raises:
            RunStopped: The run ends here: there is no room, or no model replies.
        """
        run = self._run
        self._answer_all()
        if say is not None:
            self.messages.append(Prompt(text=say))
        recorded = run.recorded(self._path)
        news = Turn() if self._hearing is None else await self._hearing.news(recorded)
        await self._take(news)
        number = run.next_number()
        offered = await self._composing.tools(self.messages, tools)
        if recorded is None:
            await run.wake()
            wish = Wish(
                instructions=run.instructions if instructions is None else instructions,
                tools=offered,
                choice=choice,
                output=output,
                purpose=purpose,
                settings=settings or run.brief.settings,
                news=news,
                provisional=() if self._hearing is None else self._hearing.provisional,
            )
            came = await self._live(number, wish)
        else:
            check_request(recorded, purpose)
            if not number % _AT_A_TIME:
                await asyncio.sleep(0)
            came = _on_record(recorded)
        reply = self._replied(came, is_new=recorded is None)
        if self._hearing is not None:
            await self._hearing.withdraw(reply.calls)
        return reply

    async def _live(self, number: int, wish: Wish) -> Came:
        run, said = self._run, self.transcript
        ahead = self._acting.ahead(run, is_dry=self._is_dry)
        await self._composing.sum_up(said, number, ahead)
        winds_up = run.must_wind_up or run.requests >= run.brief.iterations
        models = run.brief.roles.get(wish.purpose, run.brief.models)

        def question(model: Model) -> Question:
            made = self._composing.question(number, wish, model, said, winds_up=winds_up)
            allowed = ahead.allowed = made.allowed
            ahead.offering = self._asking.offerings.of(
                wish.tools, model.shape, allowed.stated, handles=run.brief.handles
            )
            return made

        with run.asking():
            return await self._asking.ask(run, models, question, ahead)

    def _replied(self, came: Came, *, is_new: bool) -> Reply:
        """Take a reply among the messages; calls without an id of their own are given one."""
        reply, message = came.reply, self._with_ids(came.reply.message)
        self._composing.count(reply, len(self._run.earlier) + len(self.messages))
        self.messages.append(message)
        if reply.message.text and is_new:
            self._run.tell(
                EventKind.TEXT, None, {"text": reply.message.text, "request": came.request_id}
            )
        return Reply(
            request_id=came.request_id,
            text=message.text,
            calls=self._called(came, message.calls),
            finish=reply.finish,
            model=reply.model,
            message=message,
        )

    def _called(self, came: Came, calls: Sequence[ModelCall]) -> tuple[Wanted, ...]:
        """The calls of a reply in the tools' own terms."""
        offering, wanted = self._composing.offering(came), list[Wanted]()
        for position, call in enumerate(calls):
            called = offering.called(call)
            made = Wanted(
                asked_by=came.request_id,
                position=position,
                tool=called.tool,
                arguments=called.arguments,
                stated=called.stated,
                dry_run=self._runs_dry(called.tool),
                in_dry_line=self._is_dry,
                is_offered=came.allowed.may_call(called.tool),
            )
            wanted.append(made if self._hearing is None else self._hearing.repeated(made))
        return tuple(wanted)

    def _with_ids(self, message: ModelMessage) -> ModelMessage:
        if not message.calls:
            return message
        known, calls = self._run.known_ids, list[ModelCall]()
        for position, call in enumerate(message.calls):
            own = call
            if not call.id or call.id in known:
                own = replace(call, id=f"call_{len(self.messages)}_{position}_{len(known)}")
            known.add(own.id)
            calls.append(own)
        return replace(message, calls=tuple(calls))

    def _answer_all(self) -> None:
        """Answer the calls of the last reply that its strategy has not made (P5)."""
        answered = set[str]()
        for message in reversed(self.messages):
            match message:
                case ToolMessage(id=answered_id):
                    answered.add(answered_id)
                case ModelMessage(calls=calls):
                    break
                case UserMessage():
                    return
        else:
            return
        self.messages += [
            ToolMessage(id=call.id, tool=call.tool, content=_NOT_MADE, is_error=True)
            for call in calls
            if call.id not in answered
        ]

    async def _take(self, news: Turn) -> str:
        """Take what comes from outside among the messages.

        Returns:
            All of it.
        """
        said = [] if self._hearing is None else await self._hearing.said(news)
        self.messages += said
        return "\n\n".join(message.text for message in said)

    # -- acting ------------------------------------------------------------------------------

    async def act(self, reply: Reply) -> tuple[Acted, ...]:
        """Make the calls of a reply together, and take each one's result among the messages.

        A call that waits while the user has sent a message is answered for the time being.

        Raises:
            Rests: One waits for people, or for a result that comes later.
        """
        hearing, calls = self._hearing, reply.calls
        if hearing is not None:
            await hearing.look()
        put_off = {} if hearing is None else hearing.put_off(calls)
        going_on = [call for place, call in enumerate(calls) if place not in put_off]
        made = iter(await self._acting.act(self._run, going_on, is_alone=self._path == TRUNK))
        acted = tuple(put_off.get(place) or next(made) for place in range(len(calls)))
        if hearing is None or not hearing.goes_before(acted):
            _rest_if_held(acted)
        self.messages += [
            self._told(call, each) for call, each in zip(reply.message.calls, acted, strict=True)
        ]
        return acted

    def _told(self, call: ModelCall, acted: Acted) -> ToolMessage:
        """What the model is told of a call; it is data, whatever became of it."""
        outcome, run = acted.outcome, self._run
        if isinstance(outcome, Held):
            return ToolMessage(id=call.id, tool=call.tool, content=FOR_NOW)
        told = ToolMessage(
            id=call.id,
            tool=call.tool,
            content=orjson.dumps(answered(run.services, run.record.head.run_id, outcome)).decode(),
            is_error=outcome.error is not None,
            call_id=outcome.call_id,
        )
        return illustrated(told, outcome.blobs) if isinstance(outcome, Completed) else told

    async def call(self, tool: str, arguments: Mapping[str, object]) -> AnyOutcome:
        """Make a call that the strategy itself wants.

        Raises:
            Rests: It waits for people, or for a result that comes later.
            RunStopped: The record of the run has another call at this place.
        """
        (outcome,) = await self.call_all([(tool, arguments)])
        return outcome

    async def call_all(
        self, calls: Iterable[tuple[str, Mapping[str, object]]]
    ) -> tuple[AnyOutcome, ...]:
        """Make calls together that the strategy itself wants; an outcome for each, in order.

        Args:
            calls: Of each the tool and its arguments.

        Raises:
            Rests: One waits for people, or for a result that comes later.
        """
        wanted = [self._wanted(tool, arguments) for tool, arguments in calls]
        acted = await self._acting.act(self._run, wanted, is_alone=self._path == TRUNK)
        _rest_if_held(acted)
        return tuple(each.outcome for each in acted)

    def _wanted(self, tool: str, arguments: Mapping[str, object]) -> Wanted:
        self._own_calls += 1
        wanted = Wanted(
            asked_by=f"strategy:{self._path}",
            position=self._own_calls,
            tool=tool,
            arguments=arguments,
            origin=Origin.CODE,
            dry_run=self._runs_dry(tool),
            in_dry_line=self._is_dry,
        )
        record = self._run.record
        history = record.calls.get((wanted.asked_by, wanted.position))
        if history is not None:
            check_call(record, history, tool, arguments, self._run.services.registry)
        return wanted

    async def delegate(self, agent: str, task: str) -> AnyOutcome:
        """Hand a task to an agent of the team, whose run is one below this one.

        Raises:
            HighroadError: There is no such agent in the team.
            Rests: Something in that run waits.
        """
        (outcome,) = await self.delegate_all([(agent, task)])
        return outcome

    async def delegate_all(self, tasks: Iterable[tuple[str, str]]) -> tuple[AnyOutcome, ...]:
        """Hand on tasks together; an outcome for each, in order.

        Args:
            tasks: Of each the agent of the team, and what it is to do.

        Raises:
            HighroadError: There is no such agent in the team.
            Rests: Something in one of the runs waits; the others go on as far as they can.
        """
        return await self.call_all(
            [(self._delegation(agent), {"task": task}) for agent, task in tasks]
        )

    def _delegation(self, agent: str) -> str:
        for tool, name in self._run.brief.team.items():
            if name == agent:
                return tool
        team = ", ".join(self.team) or "nobody"
        raise HighroadError(f"{agent!r} is not in the team of {self._run.brief.name}: {team} is")

    def _runs_dry(self, name: str) -> bool:
        """Whether a call is a dry run: one with effects, in a dry line."""
        if not self._is_dry:
            return False
        tool = self._run.services.registry.find(name)
        return tool is None or tool.definition.has_effects

    # -- other lines -------------------------------------------------------------------------

    def fork(
        self,
        name: str = "",
        *,
        messages: Sequence[Message] | None = None,
        is_dry: bool = False,
    ) -> "Leg":
        """Another line, which begins with what was said in this one, or with `messages`.

        What it comes to is text, until its strategy says otherwise. In a dry one, and in all
        lines that begin from it, calls with effects are made dry: the road says what would happen,
        nothing happens, and nobody is asked. Calls that only read are made.
        """
        self._forks += 1
        path = f"{self._path}/{name or 'line'}.{self._forks}"
        said = self.messages if messages is None else messages
        line = Leg(
            self._run,
            self._asking,
            self._acting,
            path=path,
            messages=said,
            is_dry=self._is_dry or is_dry,
        )
        line._request = self._request
        return line

    async def together(self, *lines: Awaitable[T]) -> list[T]:
        """Go several lines at once. Where one rests the others go on as far as they can.

        Raises:
            Rests: One or more wait.
        """
        found = await asyncio.gather(*lines, return_exceptions=True)
        resting = [each for each in found if isinstance(each, Rests)]
        for each in found:
            if isinstance(each, BaseException) and not isinstance(each, Rests):
                raise each
        if resting:
            raise Rests([hold for each in resting for hold in each.holds])
        return [each for each in found if not isinstance(each, BaseException)]

    # -- the end -----------------------------------------------------------------------------

    async def next_turn(self) -> Turn | None:
        """What begins another turn now that this one is through; for `Runs` alone.

        Raises:
            Rests: A call that was answered for the time being has no outcome yet.
        """
        if self._hearing is None:
            return None
        turn = await self._hearing.next_turn()
        if turn is None and (holds := await self._hearing.holds()):
            raise Rests(holds)
        return turn

    async def begin(self, turn: Turn, answer: str) -> None:
        """Go on behind the answer of one turn with another; for `Runs` alone."""
        self._answer_all()
        if not isinstance(self.messages[-1], ModelMessage):
            self.messages.append(ModelMessage(text=answer))
        self._request = await self._take(turn)

    async def finish(self, reply: Reply) -> Any:  # noqa: ANN401 - of the agent's output type
        """The final answer that a reply holds, in the form that the agent declares.

        A model whose answer is not of that form is told what is wrong with it, twice.

        Raises:
            RunStopped: It never was of that form, or the model was cut off.
        """
        output = self.output
        if output is None:
            if reply.finish is Finish.FILTERED:
                raise RunStopped(
                    RunStatus.FAILED, "filtered", "The provider would not let the model answer."
                )
            return reply.text
        for _ in range(CORRECTIONS):
            try:
                return output.read(reply.text)
            except ValueError as error:
                reply = await self.ask(
                    say=str(error), tools=(), output=output.schema, purpose="correction"
                )
        try:
            return output.read(reply.text)
        except ValueError as error:
            raise RunStopped(
                RunStatus.FAILED,
                "output_invalid",
                f"The model's answer was not of the form that was asked for, {CORRECTIONS + 1} "
                "times.",
            ) from error


Strategy: TypeAlias = Callable[[Leg], Coroutine[Any, Any, Any]]
"""Moves a run from its request to its result; see this module for what it must keep to."""


def _on_record(recorded: Answered) -> Came:
    allowed = Allowed(
        names=recorded.tools,
        choice=recorded.choice,
        shape=recorded.shape,
        stated=recorded.stated,
    )
    return Came(request_id=recorded.request_id, reply=recorded.reply, allowed=allowed)


def _rest_if_held(acted: Sequence[Acted]) -> None:
    holds = [hold for each in acted for hold in each.holds]
    if holds:
        raise Rests(list(dict.fromkeys(holds)))  # two calls that joined wait for the same
