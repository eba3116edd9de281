"""What errors of gRPC and of MCP mean."""

import enum

import pytest

from highroad.domain.failure import FailureKind
from highroad.resilience.failures import grpc, mcp
from highroad.resilience.failures.reading import meaning_of

StatusCode = enum.Enum("StatusCode", [*grpc.CODES, "STRANGE"])


@pytest.fixture
def ended(raised):
    """A call of gRPC that ended with a code; both its APIs have one shape."""

    def make(code, metadata=(), name="grpc.aio._call.AioRpcError"):
        return raised(
            name, "grpc.RpcError", code=lambda: StatusCode[code], trailing_metadata=lambda: metadata
        )

    return make


def test_every_code_of_grpc_but_ok_is_mapped():
    assert len(grpc.CODES) == 16


@pytest.mark.parametrize("code", grpc.CODES)
@pytest.mark.parametrize("name", ["grpc.aio._call.AioRpcError", "grpc._channel._InactiveRpcError"])
def test_a_code_has_its_kind(ended, code, name):
    kind, is_not_applied = grpc.CODES[code]
    seen = meaning_of(ended(code, name=name))
    assert (seen.kind, seen.is_not_applied, seen.rule) == (kind, is_not_applied, f"grpc.{code}")


@pytest.mark.promise("P11")
@pytest.mark.parametrize("code", ["UNAVAILABLE", "DEADLINE_EXCEEDED", "ABORTED", "UNKNOWN"])
def test_codes_that_prove_nothing(ended, code):
    assert not meaning_of(ended(code)).is_not_applied


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ((("grpc-retry-pushback-ms", "1500"),), 1.5),
        ((("other", "1"), ("grpc-retry-pushback-ms", "0")), 0),
        ((("grpc-retry-pushback-ms", "-1"),), None),
        ((("grpc-retry-pushback-ms", b"15"),), None),
        (("odd", None, 3), None),
        (None, None),
    ],
)
def test_a_server_pushes_back_by_its_trailing_metadata(ended, metadata, expected):
    assert meaning_of(ended("RESOURCE_EXHAUSTED", metadata)).retry_after_s == expected


def test_a_code_that_is_none_or_cannot_be_asked_says_nothing(raised, ended):
    def code():
        raise RuntimeError

    for error in (raised("grpc.RpcError"), raised("grpc.RpcError", code=code), ended("STRANGE")):
        assert meaning_of(error) == meaning_of(raised("grpc.RpcError"))
        assert meaning_of(error).kind is FailureKind.UNKNOWN


@pytest.mark.parametrize("name", ["mcp.shared.exceptions.McpError", "mcp.MCPError"])
@pytest.mark.parametrize("code", mcp.CODES)
def test_a_code_of_json_rpc_has_its_kind(raised, thing, name, code):
    kind, is_not_applied = mcp.CODES[code]
    seen = meaning_of(raised(name, error=thing(code=code)))
    assert (seen.kind, seen.is_not_applied, seen.rule) == (kind, is_not_applied, f"mcp.{code}")


@pytest.mark.parametrize("code", [-32603, -32099, 1, "x", None, True])
def test_other_codes_of_json_rpc_say_nothing(raised, thing, code):
    seen = meaning_of(raised("mcp.McpError", error=thing(code=code)))
    assert (seen.kind, seen.is_not_applied) == (FailureKind.UNKNOWN, False)


def call_tool_result(**attributes):
    return type("CallToolResult", (), attributes)()


FAILED = {"isError": True, "content": [{"type": "text", "text": "no such file"}, {"type": "image"}]}


def test_a_result_that_says_of_itself_that_it_failed_is_known_in_all_its_shapes(thing):
    content = [thing(text="no such file"), thing()]
    shapes = (
        FAILED,
        call_tool_result(isError=True, content=content),
        call_tool_result(is_error=True, content=content),
    )
    for shape in shapes:
        assert mcp.is_error(shape)
        assert mcp.words(shape) == "no such file"


@pytest.mark.parametrize(
    "result",
    [
        None,
        "isError",
        {"isError": True},
        {"isError": False, "content": []},
        {"isError": "yes", "content": []},
        call_tool_result(isError=False, content=[]),
        type("Result", (), {"isError": True})(),
    ],
    ids=range(7),
)
def test_other_results_are_results(result):
    assert not mcp.is_error(result)


def test_words_are_bounded():
    assert len(mcp.words({"content": [{"text": "x" * 5_000}]})) == 1_000
    assert mcp.words({"content": "x"}) == ""
