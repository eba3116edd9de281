"""Tags are filled in with the arguments of a call; what is not known may be anything."""

import pytest

from highroad import tool, tool_definition
from highroad.domain.error import DeclarationError
from highroad.tools.compile import compile_tool
from highroad.tools.declaring.cache_tags import EVERYTHING, tags_of


def filled(pattern, arguments, **defaults):
    members = {name: {"default": value} for name, value in defaults.items()}
    (tag,) = tags_of((pattern,), {"type": "object", "properties": members})
    return tag.of(arguments)


@pytest.mark.parametrize(
    ("pattern", "arguments", "tag"),
    [
        ("orders", {"a": 1}, "orders"),
        ("order:{a}", {"a": "ORD-1"}, "order:ORD-1"),
        ("order:{a}", {"a": 1}, "order:1"),
        ("order:{a}", {"a": 1.0}, "order:1"),
        ("order:{a}", {"a": True}, "order:true"),
        ("order:{a}", {"a": None}, "order:null"),
        ("{a}/{b}", {"a": "x", "b": [2, "y"]}, 'x/[2,"y"]'),
        ("{{a}}:{a}", {"a": "x"}, "{a}:x"),
    ],
)
def test_arguments_take_the_place_of_their_names(pattern, arguments, tag):
    assert filled(pattern, arguments) == tag


def test_an_argument_that_is_left_out_is_its_default():
    assert filled("{a}", {}, a="usual") == "usual"
    assert filled("{a}", {"a": "other"}, a="usual") == "other"


def test_what_nobody_knows_any_more_may_be_anything():
    assert filled("order:{a}", {}) == EVERYTHING


def test_an_optional_argument_needs_a_default_to_stand_in_a_tag():
    @tool(tier="reversible", invalidates=["shelf:{shelf}"])
    def move(article: str, shelf: int = 7) -> None:
        pass

    (tag,) = compile_tool(move).invalidates
    assert tag.of({"article": "a"}) == "shelf:7"
    with pytest.raises(DeclarationError, match="no argument that every call has"):

        @tool(tier="reversible", invalidates=["shelf:{shelf}"])
        def lose(article: str, *, shlf: int = 7) -> None:
            pass


def test_tags_are_part_of_the_definition_and_their_order_is_not():
    def declared(**options):
        @tool(tier="read", cache_s=5, **options)
        def look(a: str) -> str:
            return a

        return tool_definition(look).digest

    assert declared(cache_tags=["x", "y:{a}"]) == declared(cache_tags={"y:{a}", "x"})
    changes = [{}, {"cache_tags": ["x"]}, {"cache_public": True}, {"cache_stale_s": 9}]
    assert len({declared(**each) for each in changes}) == len(changes)
