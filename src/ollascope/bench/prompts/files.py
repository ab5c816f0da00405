"""Prompts from files: JSONL, CSV, JSON lists, ShareGPT conversations, or plain text with one prompt a line."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import orjson

from ollascope.bench.prompts.question import Question
from ollascope.bench.shapes.lines import read_lines, read_whole, wrong_line
from ollascope.words.errors import BadUsage
from ollascope.words.prompt import Message

MOST_BYTES = 2_000_000_000  # of files that are read line by line
MOST_WHOLE = 200_000_000  # of a list of JSON, which is read at once
MOST_PROMPTS = 20_000
MOST_LETTERS = 16_000_000  # of all texts that are kept
TEXTS = ("prompt", "text", "question", "input", "content", "query")
ROLES = {
    "human": "user", "user": "user", "system": "system",
    "gpt": "assistant", "assistant": "assistant", "chatgpt": "assistant", "bing": "assistant", "bard": "assistant",
}  # fmt: skip
FORMS = (
    'write one record a line, as in {"prompt": "…"} or {"messages": [{"role": "user", "content": "…"}]}; '
    "CSV with a column named prompt; ShareGPT's conversations; or plain text with one prompt a line"
)


def read_questions(path: Path) -> tuple[list[Question], tuple[str, ...]]:
    """The questions of a file, and what a reader must know of them."""
    kept: list[Question] = []
    letters = 0
    for question in _read(path):
        if len(kept) >= MOST_PROMPTS or letters > MOST_LETTERS:
            return kept, (f"{path.name}: the first {len(kept)} prompts are asked; there are more",)
        kept.append(question)
        letters += question.letters
    if not kept:
        raise BadUsage(f"{path} holds no prompt", hint=FORMS)
    return kept, ()


def _read(path: Path) -> Iterator[Question]:
    kind = path.suffix.lower()
    if kind in {".csv", ".tsv"}:
        return _read_csv(path, "\t" if kind == ".tsv" else None)
    if kind in {".txt", ".md"}:
        return _read_plain(path)
    first = next((line.lstrip() for _, line in read_lines(path, MOST_BYTES) if line.strip()), "")
    if first.startswith("["):
        return _read_list(path)
    if first.startswith("{") or kind in {".jsonl", ".ndjson", ".json"}:
        return _read_jsonl(path)
    return _read_plain(path)


def _read_plain(path: Path) -> Iterator[Question]:
    for _, line in read_lines(path, MOST_BYTES):
        if line.strip():
            yield Question(turns=(line.strip(),))


def _read_jsonl(path: Path) -> Iterator[Question]:
    for number, line in read_lines(path, MOST_BYTES):
        if not line.strip():
            continue
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise wrong_line(path, number, f"no JSON ({error})", FORMS) from error
        question = _question(record)
        if question is None:
            raise wrong_line(path, number, f"{_seen(record)}, in which no prompt is found", FORMS)
        yield question


def _read_list(path: Path) -> Iterator[Question]:
    try:
        records = orjson.loads(read_whole(path, MOST_WHOLE))
    except orjson.JSONDecodeError as error:
        raise BadUsage(f"{path}: no JSON ({error})", hint=FORMS) from error
    for number, record in enumerate(records, 1):
        question = _question(record)
        if question is None and not _is_silent(record):
            raise BadUsage(f"{path} entry {number}: {_seen(record)}, in which no prompt is found", hint=FORMS)
        if question is not None:
            yield question


def _read_csv(path: Path, mark: str | None) -> Iterator[Question]:
    lines = (f"{line}\n" for _, line in read_lines(path, MOST_BYTES))
    head = next(lines, "")
    mark = mark or max(",;\t", key=head.count)
    names = [name.strip().lower() for name in next(csv.reader([head], delimiter=mark), [])]
    column = next((names.index(name) for name in TEXTS if name in names), None)
    if column is None:
        raise BadUsage(f"{path} has no column named prompt; it has {', '.join(names[:12]) or 'nothing'}", hint=FORMS)
    rows = csv.reader(lines, delimiter=mark, strict=True)
    while True:
        try:
            row = next(rows, None)
        except csv.Error as error:
            raise wrong_line(path, rows.line_num + 1, f"no row of CSV ({error})", FORMS) from error
        if row is None:
            return
        if row and len(row) <= column:
            what = f"{len(row)} cells where {len(names)} columns are named"
            raise wrong_line(path, rows.line_num + 1, what, FORMS)
        if row and row[column].strip():
            yield Question(turns=(row[column].strip(),))


def _question(record: object) -> Question | None:
    if isinstance(record, str):
        return Question(turns=(record,)) if record.strip() else None
    if not isinstance(record, Mapping):
        return None
    for name in ("messages", "conversations", "conversation"):
        if isinstance(record.get(name), list):
            return _conversation(record[name])
    for name in TEXTS:
        text = record.get(name)
        if isinstance(text, str) and text.strip():
            return Question(turns=(text,))
    return None


def _conversation(items: Iterable[object]) -> Question | None:
    messages = [message for item in items if (message := _message(item)) is not None]
    asked = [place for place, message in enumerate(messages) if message.role == "user"]
    if not asked:
        return None
    turns = tuple(messages[place].content for place in asked)
    return Question(turns=turns, before=tuple(messages[: asked[0]]), whole=tuple(messages[: asked[-1] + 1]))


def _message(item: object) -> Message | None:
    if not isinstance(item, Mapping):
        return None
    role = ROLES.get(str(item.get("role", item.get("from", ""))).lower())
    content = item.get("content", item.get("value"))
    if isinstance(content, list):  # OpenAI's parts, of which the texts are kept
        parts = [part.get("text") for part in content if isinstance(part, Mapping)]
        content = "".join(part for part in parts if isinstance(part, str))
    return Message(role=role, content=content) if role and isinstance(content, str) and content.strip() else None


def _is_silent(record: object) -> bool:
    """A conversation in which nobody asks, as ShareGPT's files have some."""
    return isinstance(record, Mapping) and any(
        isinstance(record.get(name), list) for name in ("conversations", "messages")
    )


def _seen(record: object) -> str:
    if isinstance(record, Mapping):
        return f"a record with {', '.join(map(str, list(record)[:8])) or 'nothing'}"
    return f"a {type(record).__name__}"
