"""The policy of a runtime: the rules of `highroad.toml`, and Cedar where files of it are named."""

from collections.abc import Iterable, Iterator, Sequence

from highroad.adapters.policy import mutants
from highroad.adapters.policy.every import EveryPolicy
from highroad.adapters.policy.rules import RulesPolicy
from highroad.bootstrap.extras import CEDAR
from highroad.domain.error import SettingsError
from highroad.domain.policy import PolicyMutant, PolicyRules
from highroad.domain.tool import ToolDefinition
from highroad.ports.conditions import Conditions
from highroad.ports.policy import Policy


def policy_of(
    rules: PolicyRules, conditions: Conditions, tools: Sequence[ToolDefinition]
) -> Policy:
    """What decides who may do what.

    Args:
        rules: What is configured.
        conditions: Compiles expressions.
        tools: That statements are held against; all versions of each.

    Raises:
        SettingsError: A rule or a statement cannot be used, or the library of Cedar is missing.
    """
    policy = RulesPolicy(rules, conditions)
    if not rules.cedar:
        return policy
    check_policy(rules, tools)
    # An extra: only who writes policies in Cedar waits for it.
    with CEDAR.needed():
        from highroad.adapters.policy.cedar.policy import CedarPolicy  # noqa: PLC0415 - see above
        from highroad.adapters.policy.cedar.statement import read  # noqa: PLC0415 - see above
    return EveryPolicy(policy, CedarPolicy(read(rules.cedar), policy.permissions))


def check_policy(rules: PolicyRules, tools: Iterable[ToolDefinition]) -> None:
    """Hold the statements of a policy against tools: it decides about any, and names some.

    Raises:
        SettingsError: A statement cannot be used with them, or the library of Cedar is missing.
    """
    if not rules.cedar:
        return
    with CEDAR.needed():
        from highroad.adapters.policy.cedar.checking import check  # noqa: PLC0415 - as above
        from highroad.adapters.policy.cedar.statement import read  # noqa: PLC0415 - as above
    check(read(rules.cedar), tools, rules.cedar_schema)


def mutants_of(rules: PolicyRules, conditions: Conditions) -> Iterator[PolicyMutant[Policy]]:
    """The policy with one mistake at a time; a mistake that cannot be written is left out."""
    own = RulesPolicy(rules, conditions)
    if not rules.cedar:
        yield from _of_rules(rules, conditions, ())
        return
    with CEDAR.needed():
        from highroad.adapters.policy.cedar import mutants as cedar  # noqa: PLC0415 - as above
        from highroad.adapters.policy.cedar.policy import CedarPolicy  # noqa: PLC0415 - as above
        from highroad.adapters.policy.cedar.statement import read  # noqa: PLC0415 - as above
    statements = read(rules.cedar)
    yield from _of_rules(rules, conditions, (CedarPolicy(statements, own.permissions),))
    for each in cedar.mutants_of(statements):
        policy = CedarPolicy(each.policy, own.permissions)
        yield PolicyMutant(each.rule, each.mistake, EveryPolicy(own, policy))


def cedar_schema(tools: Sequence[ToolDefinition]) -> str:
    """What policies in Cedar may name, in Cedar's own form.

    Raises:
        SettingsError: The library is missing.
    """
    with CEDAR.needed():
        from highroad.adapters.policy.cedar.checking import written  # noqa: PLC0415 - as above
    return written(tools)


def _of_rules(
    rules: PolicyRules, conditions: Conditions, others: Sequence[Policy]
) -> Iterator[PolicyMutant[Policy]]:
    for each in mutants.mutants_of(rules):
        try:
            policy = RulesPolicy(each.policy, conditions)
        except SettingsError:
            continue
        yield PolicyMutant(each.rule, each.mistake, EveryPolicy(policy, *others))
