"""The server of the contract kit in the newer era, made with the official library."""

import asyncio
import json
import os

import anyio
from mcp import types
from mcp.server import Server
from mcp.server.lowlevel.server import NotificationOptions
from mcp.server.stdio import stdio_server
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ToolsListChanged

NAMES = ["echo", "fail", "count", "wait", "given_up", "traced", "die", "grow"]
given_up = []
bus = InMemorySubscriptionBus()


def text(said, **more):
    return types.CallToolResult(content=[types.TextContent(type="text", text=said)], **more)


async def list_tools(ctx, params):
    schema = {"type": "object", "properties": {"text": {"type": "string"}}}
    return types.ListToolsResult(
        tools=[types.Tool(name=name, description=name, input_schema=schema) for name in NAMES]
    )


async def list_prompts(ctx, params):
    return types.ListPromptsResult(prompts=[types.Prompt(name="greet")])


async def list_resources(ctx, params):
    return types.ListResourcesResult(
        resources=[types.Resource(uri=f"note://{at}", name=at) for at in "12"]
    )


async def list_templates(ctx, params):
    template = types.ResourceTemplate(uri_template="note://{day}", name="day")
    return types.ListResourceTemplatesResult(resource_templates=[template])


async def call_tool(ctx, params):  # noqa: PLR0911 - one for each tool
    match params.name:
        case "echo":
            return text(params.arguments["text"])
        case "fail":
            return text("it went wrong", is_error=True)
        case "count":
            token = (ctx.meta or {}).get("progress_token") or (ctx.meta or {}).get("progressToken")
            for done in (1, 2, 3):
                await ctx.session.send_notification(
                    types.ProgressNotification(
                        params=types.ProgressNotificationParams(
                            progress_token=token, progress=done, total=3
                        )
                    ),
                    related_request_id=ctx.request_id,
                )
            return text("counted")
        case "wait":
            try:
                await anyio.sleep_forever()
            finally:
                given_up.append(1)
        case "given_up":
            return text(str(len(given_up)))
        case "traced":
            meta = ctx.meta or {}
            found = ("traceparent", "tracestate", "baggage")
            return text(json.dumps({name: meta[name] for name in found if name in meta}))
        case "die":
            os._exit(1)
        case "grow":
            NAMES.append("grown")
            await ctx.session.send_notification(types.ToolListChangedNotification())
            await bus.publish(ToolsListChanged())
            return text("grown")
        case other:
            return text(f"no tool {other}", is_error=True)


async def main():
    server = Server(
        "kit",
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_prompts=list_prompts,
        on_list_resources=list_resources,
        on_list_resource_templates=list_templates,
        on_subscriptions_listen=ListenHandler(bus),
    )
    async with stdio_server() as (received, sent):
        options = server.create_initialization_options(NotificationOptions(tools_changed=True))
        await server.run(received, sent, options)


asyncio.run(main())
