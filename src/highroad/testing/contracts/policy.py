"""What every policy must do, whatever language its rules are written in."""

from abc import ABC, abstractmethod
from typing import Final

from highroad.domain.call import Call
from highroad.domain.identity import Delegate, Principal
from highroad.domain.tool import Tier, ToolDefinition
from highroad.ports.policy import Deny, Owner, Permit, Policy

ALICE: Final = Principal("alice", "acme", roles={"support"})
GET_ORDER: Final = ToolDefinition(
    name="get_order",
    description="Reads an order.",
    input_schema={"type": "object"},
    digest="0" * 64,
    tier=Tier.READ,
)
WIPE: Final = ToolDefinition(
    name="admin.wipe", description="Wipes.", input_schema={"type": "object"}, digest="1" * 64
)


def call_of(tool: ToolDefinition, principal: Principal = ALICE) -> Call:
    """A call that has passed `validate`."""
    return Call(
        id="call_00000000000000000000000001",
        run_id="run_00000000000000000000000001",
        trace_id="1".zfill(32),
        tool=tool.name,
        raw={},
        principal=principal,
        deadline_ms=1,
        created_ms=0,
        definition=tool,
        arguments={},
    )


class PolicyContract(ABC):
    """Subclass it as `TestMyPolicy`."""

    @abstractmethod
    def make(self) -> Policy:
        """A policy that lets `ALICE` use `GET_ORDER` without conditions, and nobody `WIPE`."""

    def test_it_names_its_version(self) -> None:
        """The ledger has to name the rules that decided."""
        assert self.make().version
        assert self.make().version == self.make().version

    def test_it_says_which_rules_permit(self) -> None:
        """A permit without a rule explains nothing."""
        admitted = self.make().admits(ALICE, (), GET_ORDER)
        assert isinstance(admitted, Permit)
        assert admitted.rules

    def test_what_no_arguments_could_change_is_hidden(self) -> None:
        """To such a caller the tool does not exist."""
        denied = self.make().admits(ALICE, (), WIPE)
        assert isinstance(denied, Deny)
        assert denied.rule
        assert denied.hides

    def test_a_chain_can_only_narrow(self) -> None:
        """Every link must have the tool in its scope, and none adds one."""
        policy, everything, nothing = self.make(), Delegate("a"), Delegate("b", ())
        assert isinstance(policy.admits(ALICE, (everything, everything), GET_ORDER), Permit)
        assert isinstance(policy.admits(ALICE, (everything, nothing), GET_ORDER), Deny)
        assert isinstance(policy.admits(ALICE, (nothing, everything), GET_ORDER), Deny)
        assert isinstance(policy.admits(ALICE, (everything,), WIPE), Deny)

    def test_what_has_no_rules_is_permitted(self) -> None:
        """The road leaves the question out, so its answer must be known."""
        policy = self.make()
        assert not policy.has_rules_for(GET_ORDER)
        assert policy.written_for(GET_ORDER) == ()
        assert isinstance(policy.permits(call_of(GET_ORDER)), Permit)

    def test_nothing_crosses_organizations(self) -> None:
        """Whoever the object names."""
        policy, call = self.make(), call_of(GET_ORDER)
        assert isinstance(policy.owns(ALICE, Owner("acme", "alice"), call), Permit)
        assert isinstance(policy.owns(ALICE, Owner("globex"), call), Deny)
        assert isinstance(policy.owns(ALICE, Owner("globex", "alice"), call), Deny)
