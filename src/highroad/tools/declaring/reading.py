"""What options come to, and what of them makes no sense together."""

from collections.abc import Iterable, Mapping

from highroad.domain.flow import FlowRule
from highroad.domain.json_value import JsonObject
from highroad.domain.policy import Line
from highroad.domain.tool import Effect, Tier
from highroad.tools.arguments.invalid import Invalid
from highroad.tools.arguments.parse import parse
from highroad.tools.body.cost import FREE, Cost
from highroad.tools.declaring.fallback import StaleResult, StandIn, chain_of
from highroad.tools.declaring.kinds import are_several, are_texts, check_name, choice
from highroad.tools.declaring.options import ToolOptions
from highroad.tools.declaring.site import Site
from highroad.tools.words import words_of


def name_of(options: ToolOptions, site: Site) -> str:
    """The tool's name.

    Raises:
        DeclarationError: Providers and policies could not spell it.
    """
    name = options.get("name", site.function)
    check_name(name, site)
    return name


def tier_of(options: ToolOptions, site: Site) -> Tier:
    """What stands at stake.

    Raises:
        DeclarationError: There is no such tier.
    """
    return choice(Tier, options.get("tier", Tier.IRREVERSIBLE), site)


def effect_of(options: ToolOptions, tier: Tier, site: Site) -> Effect:
    """What may be done when the outcome is not known.

    Raises:
        DeclarationError: There is no such class, or tier or probe contradict it.
    """
    default = Effect.REPEATABLE if tier is Tier.READ else Effect.UNPROTECTED
    effect = choice(Effect, options.get("effect", default), site)
    if tier is Tier.READ and effect is not Effect.REPEATABLE:
        raise site.error(
            f"a read changes nothing, so its effect is repeatable and cannot be {effect}; leave "
            f'effect out, or raise the tier, for example tier="reversible"'
        )
    if effect is Effect.CHECKABLE and "probe" not in options:
        raise site.error(
            "a checkable tool needs probe=, a function that says of a key whether it happened "
            "(True, False, or None for not known)"
        )
    if effect is not Effect.CHECKABLE and "probe" in options:
        raise site.error(
            f'probe= is asked of checkable tools only, this is {effect}; effect="checkable"?'
        )
    return effect


def check_cache(options: ToolOptions, tier: Tier, site: Site) -> None:
    """See that what is said of cached results makes sense together.

    Raises:
        DeclarationError: It does not.
    """
    is_read, is_cached = tier is Tier.READ, options.get("cache_s", 0) > 0
    if not is_read and is_cached:
        raise site.error(
            "cache_s serves a result without running the tool, which only a read permits; leave "
            "it out: the same key gets the stored result anyway"
        )
    for option in ("cache_stale_s", "cache_public", "cache_tags"):
        if options.get(option) and not is_cached:
            raise site.error(
                f"{option} says more of results that are kept, and none are: give cache_s, or "
                f"leave {option} out"
            )
    if is_cached and "ask" in options:
        raise site.error(
            "ask puts a call before a person, and cache_s would answer the next one without: "
            "leave one of them out"
        )
    if is_read and options.get("invalidates"):
        raise site.error(
            "a read changes nothing, so there is nothing that it invalidates; leave it out, or "
            'raise the tier, for example tier="reversible"'
        )


def check_transform(options: ToolOptions, tier: Tier, site: Site) -> None:
    """See that a transform changes nothing.

    Raises:
        DeclarationError: It has effects.
    """
    if options.get("transform") and tier is not Tier.READ:
        raise site.error(
            f"a transform works its result out of its arguments and changes nothing, but this "
            f'tool is {tier}; leave transform out, or say tier="read"'
        )


def fallbacks_of(options: ToolOptions, tier: Tier, site: Site) -> tuple[StandIn, ...]:
    """What stands in, in order.

    Raises:
        DeclarationError: One cannot, or not for this tool.
    """
    chain = chain_of(options.get("fallback", ()), site)
    if tier is not Tier.READ and any(isinstance(each, StaleResult) for each in chain):
        raise site.error(
            f"a stored result stands in for a read only, and this tool is {tier}: take the "
            "StaleResult out of its fallbacks"
        )
    return chain


def check_hedge(options: ToolOptions, effect: Effect, site: Site, *, is_async: bool) -> None:
    """See that a second attempt beside the first is harmless, and that one can be called off.

    Raises:
        DeclarationError: It is not, or cannot.
    """
    if "hedge_s" not in options:
        return
    if effect is not Effect.REPEATABLE:
        raise site.error(
            f"hedge_s makes two attempts at once, which only a repeatable tool permits; this one "
            f"is {effect}, so leave it out"
        )
    if not is_async:
        raise site.error(
            "hedge_s cancels the slower of two attempts, and a synchronous body cannot be "
            "cancelled; make it `async def`, or leave hedge_s out"
        )


def cost_of(options: ToolOptions, site: Site) -> Cost:
    """What a call may cost.

    Raises:
        DeclarationError: The price is negative or no number.
    """
    given = options.get("cost", FREE)
    if isinstance(given, Cost):
        return given
    try:
        return Cost(given)
    except (TypeError, ValueError) as error:
        raise site.error(
            f"cost is US dollars, zero or more, or a Cost(at_most=…): {error}"
        ) from error


def intent_of(phrases: Iterable[str]) -> tuple[str, ...]:
    """Phrases in the one form in which they are compared, and pinned."""
    return tuple(dict.fromkeys(" ".join(words_of(each)) for each in phrases))


def examples_of(options: ToolOptions, site: Site) -> tuple[JsonObject, ...]:
    """Examples in JSON; whether each fits the schema is seen when the schema is compiled.

    Raises:
        DeclarationError: One is no JSON object.
    """
    given = options.get("examples", ())
    if given == ():
        return ()
    if not are_several(given):
        raise site.error('examples are several objects of arguments, for example [{"id": 1}]')
    return tuple(_example(each, at, site) for at, each in enumerate(given))


def _example(given: object, at: int, site: Site) -> JsonObject:
    if isinstance(given, Mapping) and all(isinstance(name, str) for name in given):
        parsed = parse(given)
        if not isinstance(parsed, Invalid):
            return parsed
    raise site.error(f"example {at} is no JSON object of arguments")


def flows_of(options: ToolOptions, name: str, site: Site) -> tuple[str, ...]:
    """The rules about what flows, as they are pinned.

    Raises:
        DeclarationError: One is none, or is about another tool.
    """
    given = options.get("flows", ())
    if not (isinstance(given, list | tuple) and are_texts(given)):
        raise site.error(f'flows are rules, for example ["untrusted -> {name}: deny"]')
    try:
        return tuple([FlowRule.of_contract(name, Line(text)).line.text for text in given])
    except ValueError as error:
        raise site.error(f"flows: {error}") from None
