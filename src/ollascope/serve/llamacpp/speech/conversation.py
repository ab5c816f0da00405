"""Messages as chat templates know them, and the order in which a conversation may lose them."""

from collections.abc import Sequence

from ollascope.apis.parts import write_arguments
from ollascope.words.prompt import Message, ToolCall
from ollascope.words.record import Json

Turn = dict[str, Json]


def turns(messages: Sequence[Message]) -> list[Turn]:
    """The messages, with only the fields that are set: templates ask whether one is there."""
    return [_turn(message) for message in messages]


def without_system(written: Sequence[Turn]) -> list[Turn]:
    """The same with what the system says at the head of the first message, for templates that know no such role."""
    said = "\n\n".join(str(turn["content"]) for turn in written if turn["role"] == "system" and turn["content"])
    rest = [dict(turn) for turn in written if turn["role"] != "system"]
    if rest and rest[0]["role"] == "user":
        rest[0]["content"] = f"{said}\n\n{rest[0]['content']}" if said else rest[0]["content"]
    elif said:
        rest.insert(0, {"role": "user", "content": said})
    return rest


def cuts(written: Sequence[Turn]) -> list[int]:
    """How many of the oldest may go, least first: what stays begins with a question, if there is one."""
    others = [turn for turn in written if turn["role"] != "system"]
    found = [number for number, turn in enumerate(others) if number and turn["role"] == "user"]
    last = len(others) - 1
    return found if found or last < 1 else [last]


def cut(written: Sequence[Turn], oldest: int) -> list[Turn]:
    """The conversation without so many of its oldest messages; what the system says stays."""
    kept: list[Turn] = []
    for turn in written:
        if turn["role"] != "system" and oldest > 0:
            oldest -= 1
        else:
            kept.append(turn)
    return kept


def _turn(message: Message) -> Turn:
    turn: Turn = {"role": message.role, "content": message.content}
    if message.thinking:
        turn["reasoning_content"] = turn["thinking"] = message.thinking
    if message.tool_calls:
        turn["tool_calls"] = [_call(call) for call in message.tool_calls]
    if message.tool_name:
        turn["name"] = turn["tool_name"] = message.tool_name
    if message.tool_call_id:
        turn["tool_call_id"] = message.tool_call_id
    return turn


def _call(call: ToolCall) -> Turn:
    arguments: Json = dict(call.arguments) if call.arguments or not call.extra else write_arguments(call)
    named: Turn = {"type": "function", "function": {"name": call.name, "arguments": arguments}}
    return {**named, "id": call.id} if call.id else named
