"""Methods and modules: `self` is nobody's argument, and every instance keeps its own tools."""

import sys
from types import ModuleType

import pytest

from highroad.domain.error import DeclarationError, SettingsError
from highroad.tools.body.context import ToolContext
from highroad.tools.declaring.declare import tool, tool_definition
from highroad.tools.declaring.discovery import discover
from highroad.tools.declaring.from_schema import tool_from_schema
from highroad.tools.declaring.members import declared_in, tools_of
from highroad.tools.registry import Registry
from highroad.tools.validate import Validated, check_arguments


class Shop:
    def __init__(self, city="Ghent"):
        self.city = city

    @property
    def danger(self):
        raise AssertionError("nobody asks for it")

    @tool(tier="read")
    def where(self) -> str:
        """Say where this shop is."""
        return self.city

    @tool(name="refund", tier="reversible")
    async def give_back(self, order_id: str, context: ToolContext) -> str:
        """Refund an order."""
        return f"{self.city} {order_id} {context.attempt}"

    @staticmethod
    @tool(tier="read")
    def tax(cents: int) -> int:
        """Say the tax of a price."""
        return cents // 5

    @classmethod
    @tool(tier="read")
    def kind(cls) -> str:
        """Say what this is."""
        return cls.__name__

    def helper(self) -> None:
        """No tool."""


def test_the_tools_of_an_instance_are_its_declared_methods():
    shop = Shop()
    registry = Registry([shop])
    assert [each.name for each in registry] == ["kind", "refund", "tax", "where"]
    assert registry.find("where").start({}, context=None) == "Ghent"
    assert registry.find("tax").start({"cents": 10}, context=None) == 2
    assert registry.find("kind").start({}, context=None) == "Shop"
    assert registry.find("refund").is_async


def test_the_instance_is_no_argument():
    ready = Registry([Shop()]).find("refund")
    assert list(ready.definition.input_schema["properties"]) == ["order_id"]
    assert ready.context_parameter == "context"
    assert isinstance(check_arguments(ready, {"order_id": "a"}), Validated)
    assert not isinstance(check_arguments(ready, {"order_id": "a", "self": 1}), Validated)


def test_a_bound_method_and_its_name_find_the_same_tool():
    shop, other = Shop(), Shop()
    registry = Registry([shop])
    assert registry.find(shop.where) is registry.find("where")
    assert registry.find(other.where) is None
    assert registry.find(shop.tax) is registry.find("tax")
    assert tool_definition(shop.where) is tool_definition(Shop.where)
    assert Registry([shop.where]).find("where").start({}, context=None) == "Ghent"


def test_a_method_is_called_as_ever():
    assert Shop("Lille").where() == "Lille"


def test_two_instances_clash_unless_they_have_prefixes():
    ghent, lille = Shop("Ghent"), Shop("Lille")
    with pytest.raises(DeclarationError, match=r"tools_of\(instance, prefix="):
        Registry([ghent, lille])
    registry = Registry([*tools_of(ghent), *tools_of(lille, prefix="lille_")])
    assert registry.find("where").start({}, context=None) == "Ghent"
    assert registry.find("lille_where").start({}, context=None) == "Lille"
    assert registry.find(lille.where) is registry.find("lille_where")
    assert registry.find(ghent.where) is registry.find("where")


def test_a_body_that_serves_two_tools_names_neither():
    shop = Shop()
    registry = Registry([*tools_of(shop, prefix="a_"), *tools_of(shop, prefix="b_")])
    assert registry.find(shop.where) is None
    assert registry.find("a_where") is not registry.find("b_where")


def test_the_prefix_is_part_of_what_is_pinned():
    plain, prefixed = (tool_definition(tools_of(Shop(), prefix=each)[0]) for each in ("", "a_"))
    assert plain.digest != prefixed.digest


def test_a_subclass_that_overrides_a_tool_says_again_what_it_is():
    class Careful(Shop):
        @tool(name="where", tier="privileged")
        def where(self) -> str:
            return "secret"

    class Careless(Shop):
        def where(self) -> str:
            return "anywhere"

    assert Registry([Careful()]).find("where").definition.tier == "privileged"
    assert [each.name for each in Registry([Careful()])] == ["kind", "refund", "tax", "where"]
    with pytest.raises(DeclarationError, match="overrides the tool 'where' without `@tool`"):
        Registry([Careless()])


def test_a_method_belongs_to_an_instance():
    with pytest.raises(DeclarationError, match="belongs to no instance here"):
        Registry([Shop.where])
    with pytest.raises(DeclarationError, match=r"Shop is a class: .* tools=\[Shop\(…\)\]"):
        Registry([Shop])
    with pytest.raises(DeclarationError, match="object has no tools"):
        Registry([object()])


def test_the_decorator_stands_below_what_wraps_a_method():
    with pytest.raises(DeclarationError, match="put `@tool` below `@staticmethod`"):
        tool(staticmethod(lambda: None))
    with pytest.raises(DeclarationError, match="a bound method cannot be declared"):
        tool(Shop().helper)


def module_of(name, text, **names):
    module = ModuleType(name)
    vars(module).update(names)
    exec(text, vars(module))  # noqa: S102 - a module of the test's own
    return module


BAKERY = """
from highroad.tools.declaring.declare import tool
from highroad.tools.declaring.from_schema import tool_from_schema

@tool(tier="read")
def bake() -> str:
    return "bread"

def helper() -> str:
    return ""

proof = tool_from_schema(lambda given: "proven", parameters={}, name="proof")
again = bake
"""


def test_the_tools_of_a_module_are_those_that_it_declares():
    imported = tool_from_schema(lambda given: None, parameters={}, name="imported")
    module = module_of("bakery", BAKERY, where=Shop.where, imported=imported)
    assert [tool_definition(each).name for each in tools_of(module)] == ["bake", "proof"]
    assert [each.name for each in Registry([module])] == ["bake", "proof"]
    with pytest.raises(DeclarationError, match="module 'empty' has no tools"):
        tools_of(module_of("empty", ""))


def test_the_setting_finds_the_same(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "bakery", module_of("bakery", BAKERY))
    monkeypatch.setitem(sys.modules, "empty", module_of("empty", ""))
    monkeypatch.setattr(sys, "path", [*sys.path])
    found = discover(["bakery", "empty"], tmp_path).tools
    assert [tool_definition(each).name for each in found] == ["bake", "proof"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [("def f(:", "raises SyntaxError"), ("{}['sk-live-1']", "raises KeyError")],
)
def test_a_module_that_raises_when_it_is_imported_is_a_fault_of_the_settings(
    monkeypatch, tmp_path, text, reason
):
    """What it raises may hold anything, and so only its kind is told."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "half_done.py").write_text(text, "utf-8")
    with pytest.raises(SettingsError, match=reason) as told:
        discover(["half_done"], tmp_path)
    assert "`python -c 'import half_done'`" in str(told.value)
    assert "sk-live" not in str(told.value)


def test_a_tool_that_is_declared_wrongly_says_so_itself(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "misdeclared.py").write_text(
        "from highroad import tool\n@tool(tier='red')\ndef f() -> None: ...\n", "utf-8"
    )
    with pytest.raises(DeclarationError, match="tier"):
        discover(["misdeclared"], tmp_path)


def test_a_module_lists_tools_that_it_did_not_declare_itself():
    other, module = ModuleType("other"), ModuleType("served")

    @tool(tier="read")
    def own() -> None:
        raise AssertionError

    made = tool_from_schema(lambda given: given, name="made", parameters={"properties": {}})
    module.own, module.made = own, made
    assert not declared_in(module)
    module.TOOLS = [made, own, made, "no tool", other]
    assert declared_in(module) == (made, own)
    module.TOOLS = 3
    assert declared_in(module) == ()
