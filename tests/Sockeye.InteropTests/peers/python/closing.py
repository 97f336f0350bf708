"""The end of a connection, as python-websockets' protocol without I/O sees it: one script for each line of input, one answer for each.

A script is {"role": "server" or "client", "steps": [["data", HEX] | ["close", CODE or null] | ["eof"], ...]}. The answer has what the
protocol sent, a frame each as "OPCODE:PAYLOAD" in hexadecimal, of a Close frame its code alone; whether it ended its direction;
and the codes of the Close frames that went each way.
"""

import json
import sys

from websockets.connection import Connection, Side, State

CLOSE = 8


def frames(data):
    """The frames in some bytes."""
    while data:
        length = data[1] & 0x7F
        position = 2
        if length == 126:
            length = int.from_bytes(data[2:4], "big")
            position = 4
        payload = data[position:]
        if data[1] & 0x80:
            key, payload = payload[:4], payload[4:]
            position += 4
            payload = bytes(byte ^ key[i % 4] for i, byte in enumerate(payload[:length]))
        opcode = data[0] & 0x0F
        shown = payload[: 2 if opcode == CLOSE else length]
        yield f"{opcode:x}:{shown.hex()}"
        data = data[position + length :]


def run(script):
    connection = Connection(Side.SERVER if script["role"] == "server" else Side.CLIENT, state=State.OPEN)
    sent = []
    ended = False
    for step in script["steps"]:
        if step[0] == "data":
            connection.receive_data(bytes.fromhex(step[1]))
        elif step[0] == "eof":
            connection.receive_eof()
        elif connection.state is State.OPEN:
            connection.send_close(step[1])
        for data in connection.data_to_send():
            ended = ended or data == b""
            sent += frames(data)
    codes = [close and close.code for close in (connection.close_sent, connection.close_rcvd)]
    return {"sent": sent, "ended": ended, "closeSent": codes[0], "closeReceived": codes[1]}


for line in sys.stdin:
    print(json.dumps(run(json.loads(line))), flush=True)
