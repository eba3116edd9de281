"""What the policy says of a call that nobody makes: the gates alone, in their order.

Nothing is looked up, asked or recorded. Whose an object is, and what a tool's own checks say, only
a call finds out.
"""

from dataclasses import replace
from typing import Any, Final

from highroad.domain.approval import Ask
from highroad.domain.call import Call
from highroad.domain.facts import Facts
from highroad.domain.identity import Delegate
from highroad.domain.policy_case import PolicyAnswer, PolicyOpinion, PolicyQuestion
from highroad.pipeline.ask_rule import AskRule
from highroad.pipeline.labels import told
from highroad.ports.conditions import ConditionError
from highroad.ports.policy import Deny, Permit, Policy
from highroad.tools.compile import RegisteredTool

_NOBODYS: Final = "0" * 26
"""In the ids of what is in no ledger."""


def opinion_of(
    policy: Policy,
    tool: RegisteredTool[Any],
    question: PolicyQuestion,
    rule: AskRule | None = None,
) -> PolicyOpinion:
    """Ask a policy what it would say.

    Args:
        policy: To be asked.
        tool: Of the call.
        question: About whom, with what, when.
        rule: Configured for the tool, of who must agree.
    """
    chain = tuple(Delegate(agent) for agent in question.agents)
    admitted = policy.admits(question.principal, chain, tool.definition)
    if isinstance(admitted, Deny):
        return _denied(admitted, frozenset())
    call = _call(tool, question, chain)
    judged: Permit | Deny = Permit()
    if policy.has_rules_for(tool.definition):
        judged = policy.permits(call, _known(policy, tool, question.facts))
    reached = frozenset(admitted.rules)
    if isinstance(judged, Deny):
        return _denied(judged, reached)
    asking = [*(judged.held if judged.obligations else ()), *_asked(rule, call, question)]
    reached |= frozenset(judged.held)
    if asking:
        return PolicyOpinion(answer=PolicyAnswer.ASK, rules=tuple(asking), reached=reached)
    rules = (*admitted.rules, *judged.held)
    return PolicyOpinion(answer=PolicyAnswer.ALLOW, rules=rules, reached=reached)


def _known(policy: Policy, tool: RegisteredTool[Any], facts: Facts) -> Facts:
    """The facts, with none of the calls that nobody thought of."""
    thought_of = dict.fromkeys(policy.wanted(tool.definition).calls, 0)
    return replace(facts, calls=thought_of | dict(facts.calls))


def _denied(verdict: Deny, reached: frozenset[str]) -> PolicyOpinion:
    return PolicyOpinion(
        answer=PolicyAnswer.DENY,
        gate=verdict.gate,
        is_hidden=verdict.hides,
        rules=(verdict.rule,),
        reached=reached | {verdict.rule},
    )


def _asked(rule: AskRule | None, call: Call, question: PolicyQuestion) -> tuple[str, ...]:
    """The configured rule of who must agree, where it asks somebody; one without an answer does."""
    if rule is None or rule.setting is None:
        return ()
    try:
        said = rule.condition.answer(
            args=call.known_arguments, principal=call.principal, labels=told(question.facts.labels)
        )
        return () if Ask.read(said).level is None else (rule.setting,)
    except (ConditionError, ValueError):
        return (rule.setting,)


def _call(tool: RegisteredTool[Any], question: PolicyQuestion, chain: tuple[Delegate, ...]) -> Call:
    return Call(
        id=f"call_{_NOBODYS}",
        run_id=f"run_{_NOBODYS}",
        trace_id="0" * 32,
        tool=tool.name,
        raw={},
        principal=question.principal,
        deadline_ms=0,
        created_ms=question.facts.now_ms,
        delegation=chain,
        definition=tool.definition,
        arguments=question.arguments,
    )
