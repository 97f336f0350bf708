"""python-websockets as a peer: see ../README.md for what it is asked to do."""

import asyncio
import hashlib
import json
import os
import sys

import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory

SUBPROTOCOLS = ["chat.v2", "chat.v1"]
PATTERN = "aé€漢😀"
PATTERN_SIZE = len(PATTERN.encode())
LONGEST_REPORTED_TEXT = 125


# What the library does by itself is to compress, and to keep context.
FORGETS = os.environ.get("PEER_DEFLATE") == "forget"
# A message of just its limit, a mebibyte, the library finds too long where a block's end follows in the compressed data.
LARGEST_MESSAGE = 16 << 20
NO_CONTEXT = {"server_no_context_takeover": True, "client_no_context_takeover": True}


def text(size):
    return PATTERN * (size // PATTERN_SIZE) + "z" * (size % PATTERN_SIZE)


def binary(size):
    return bytes((31 * i + 7) % 251 for i in range(size))


def thirds(message):
    # A text is cut between characters: the library encodes each fragment by itself.
    cut = len(message) // 3
    return [message[:cut], message[cut : 2 * cut], message[2 * cut :]]


def describe(message):
    payload = message.encode() if isinstance(message, str) else message
    described = {
        "kind": "text" if isinstance(message, str) else "binary",
        "length": len(payload),
        "sha256": hashlib.sha256(payload).hexdigest(),
    }
    if isinstance(message, str) and len(payload) <= LONGEST_REPORTED_TEXT:
        described["text"] = message
    return described


def show(value):
    print(json.dumps(value), flush=True)


async def ping(connection, payload):
    """Pings, and answers with the payload of the pong: the library matches the two by it."""
    await (await connection.ping(payload))
    return payload


def path_of(connection):
    request = getattr(connection, "request", None)
    return request.path if request else connection.path


async def serve_connection(connection):
    path = path_of(connection)
    try:
        if path == "/subprotocol":
            await connection.send(connection.subprotocol or "")
        async for message in connection:
            if path == "/fragments":
                await connection.send(thirds(message))
            elif path == "/ping":
                await connection.send(await ping(connection, message))
            elif path == "/close":
                code, _, reason = message.partition(" ")
                await connection.close(int(code), reason)
            else:
                await connection.send(message)
    except websockets.ConnectionClosed:
        pass  # The line below says how.
    await connection.wait_closed()
    show({"path": path, "code": connection.close_code, "reason": connection.close_reason})


async def serve():
    options = {"subprotocols": SUBPROTOCOLS, "max_size": LARGEST_MESSAGE}
    if FORGETS:
        options["extensions"] = [ServerPerMessageDeflateFactory(**NO_CONTEXT)]
    async with websockets.serve(serve_connection, "127.0.0.1", 0, **options) as server:
        show({"port": next(iter(server.sockets)).getsockname()[1]})
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def run_scenario(connection, scenario, arguments, report):
    if scenario in ("echo", "fragments"):
        messages = [make(int(size)) for size in arguments for make in (text, binary)]

        async def send_all():
            for message in messages:
                await connection.send(thirds(message) if scenario == "fragments" else message)

        sending = asyncio.create_task(send_all())
        for _ in messages:
            report["messages"].append(describe(await connection.recv()))
        await sending
    elif scenario == "mirror":
        in_thirds = False
        async for message in connection:
            await connection.send(thirds(message) if in_thirds and len(message) >= 3 else message)
            in_thirds = not in_thirds
    elif scenario == "ping":
        report["pong"] = await ping(connection, arguments[0])
    elif scenario == "pinged":
        await connection.send(arguments[0])
        report["messages"].append(describe(await connection.recv()))
    elif scenario == "close":
        await connection.close(int(arguments[0]), arguments[1])
    elif scenario == "closed":
        await connection.send(arguments[0])
        await connection.wait_closed()
    elif scenario == "subprotocol":
        report["messages"].append(describe(await connection.recv()))
    else:
        raise ValueError(f"unknown scenario {scenario}")


async def connect(url, scenario, *arguments):
    report = {"messages": []}
    try:
        options = {"max_size": LARGEST_MESSAGE}
        if scenario == "subprotocol":
            options["subprotocols"] = list(arguments)
        if FORGETS:
            options["extensions"] = [ClientPerMessageDeflateFactory(**NO_CONTEXT)]
        async with websockets.connect(url, **options) as connection:
            report["subprotocol"] = connection.subprotocol or ""
            await run_scenario(connection, scenario, arguments, report)
        await connection.wait_closed()
        report["close"] = {"code": connection.close_code, "reason": connection.close_reason}
    except Exception as error:  # Whatever it is, the test is to see it.
        report["error"] = repr(error)
    show(report)


if sys.argv[1] == "server":
    asyncio.run(serve())
else:
    asyncio.run(connect(*sys.argv[2:]))
