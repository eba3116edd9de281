"""The tools of this program as lint sees them: their definitions, and what was said beside."""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from highroad.domain.contract_rule import NO_RULES, ContractRule
from highroad.domain.tool import Tier
from highroad.tools.declaring.contract import guessed, underived
from highroad.tools.declaring.declaration import Declaration, DeclaredTool
from highroad.tools.declaring.operated import declaration_under
from highroad.tools.derivation.in_force import contract_in_force, is_unread
from highroad.tools.lint.subject import Form, Said, Subject

_RAISES: Final = re.compile(
    r"^(?:Raises:[ \t]*\n(?P<google>(?:[ \t]+\S.*\n?|[ \t]*\n)+)|:raises?\b.*)", re.MULTILINE
)
_RAISED: Final = re.compile(r"^[ \t]+(\S[^\n]*)", re.MULTILINE)


def subject_of(tool: Callable[..., Any], rules: Mapping[str, ContractRule] = NO_RULES) -> Subject:
    """A declared tool, or a plain function with the closed defaults, as lint sees it.

    Args:
        tool: To be looked at.
        rules: What the settings say of contracts, by name of the tool: its contract is the one
            that is in force.

    Raises:
        DeclarationError: A plain function that cannot be a tool.
        SettingsError: What the settings say of it makes no sense.
    """
    declared = declaration_under(tool, rules)
    definition = declared.definition
    return Subject(
        name=definition.name,
        description=definition.description,
        input_schema=definition.input_schema,
        form=Form.DECLARED,
        output_schema=definition.output_schema,
        annotations=definition.annotations,
        errors=(*_declared_errors(definition.errors), *_raised_errors(tool)),
        examples=definition.examples,
        deprecated=definition.deprecated,
        source=definition.source,
        said=_said(declared),
    )


def _said(declared: Declaration) -> Said:
    """What was said in so many words; defaults are nobody's word."""
    definition, operator = declared.definition, declared.operator
    tier = definition.tier if declared.says_tier else None
    is_effect_said = "effect" in declared.given or (operator is not None and operator.effect)
    says_effect = bool(is_effect_said) or tier is Tier.READ
    return Said(
        tier=tier,
        effect=definition.effect if says_effect else None,
        contract=contract_in_force(definition),
        underived=frozenset(underived(declared.reasons)),
        guessed=guessed(definition, declared.reasons),
        is_unread=is_unread(definition),
        timeout_s=definition.timeout_s,
        per_minute=definition.per_minute,
        permissions=definition.permissions,
        waived=declared.waived,
        compensation=definition.compensation,
    )


def _declared_errors(errors: Mapping[str, str]) -> Iterator[str]:
    return (f"{code}: {words}" for code, words in errors.items())


def _raised_errors(tool: Callable[..., Any]) -> tuple[str, ...]:
    """The section `Raises:` of a docstring, which models are not shown."""
    body = tool.body if isinstance(tool, DeclaredTool) else tool
    # The docstring of a `partial` or another object is of its class.
    words = inspect.getdoc(body) if inspect.isroutine(body) else None
    section = _RAISES.search(words or "")
    if section is None:
        return ()
    return tuple(_RAISED.findall(section["google"])) if section["google"] else (section[0],)
