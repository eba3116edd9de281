"""Who the catalog says may use a tool is who the policy of the road admits."""

from hypothesis import given
from hypothesis import strategies as st

from highroad.adapters.policy.cel import CelConditions
from highroad.adapters.policy.rules import RulesPolicy
from highroad.domain.identity import Principal
from highroad.domain.policy import Line, PolicyRules, Role, Rule
from highroad.domain.tool import ToolDefinition
from highroad.ports.policy import Permit
from highroad.tools.catalog.access import access

NAMES = st.sampled_from(["get_order", "get_user", "refund"])
PATTERNS = st.lists(st.sampled_from(["get_*", "refund", "*", "GET_*", "*_order"]), max_size=2)
GRANTS = st.sets(st.sampled_from(["orders:read", "orders:write"]))


def lines(texts):
    return tuple(Line(text) for text in sorted(texts))


ROLES = st.lists(
    st.builds(
        lambda name, permissions, allow: Role(
            name=name, permissions=lines(permissions), allow=lines(allow)
        ),
        st.sampled_from(["support", "manager"]),
        GRANTS,
        PATTERNS,
    ),
    max_size=3,
)
RULES = st.builds(
    lambda allow, deny, roles, is_production: PolicyRules(
        allow=lines(allow), deny=lines(deny), roles=tuple(roles), is_production=is_production
    ),
    PATTERNS,
    PATTERNS,
    ROLES,
    st.booleans(),
)
TOOLS = st.builds(
    lambda name, permissions: ToolDefinition(
        name=name, description="", input_schema={}, digest="", permissions=frozenset(permissions)
    ),
    NAMES,
    GRANTS,
)


def is_admitted(rules, tool, **principal):
    policy = RulesPolicy(rules, CelConditions())
    return isinstance(policy.admits(Principal("somebody", **principal), (), tool), Permit)


@given(rules=RULES, tool=TOOLS)
def test_the_roles_of_a_tool_are_those_that_the_policy_admits(rules, tool):
    admitted = {
        role.name for role in rules.roles if is_admitted(rules, tool, roles=frozenset({role.name}))
    }
    assert set(access(rules, tool).roles) == admitted


@given(rules=RULES, tool=TOOLS)
def test_everybody_is_whoever_is_admitted_with_no_role_and_the_permissions(rules, tool):
    admitted = is_admitted(rules, tool, permissions=tool.permissions)
    assert access(rules, tool).everybody is admitted


def test_a_role_of_several_tables_is_named_once(definition):
    roles = (Role(name="support"), Role(name="support", allow=(Line("*"),)))
    assert access(PolicyRules(roles=roles), definition()).roles == ("support",)


def test_rules_that_look_at_arguments_are_named(definition):
    rule = Rule(name=Line("not too much"), tools=(Line("get_*"),), when=Line("true"))
    rules = PolicyRules(rules=(rule,))

    assert access(rules, definition()).conditions == ("not too much",)
    assert access(rules, definition(name="refund")).conditions == ()
