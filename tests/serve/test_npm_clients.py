"""The official npm packages of Ollama and OpenAI work with the fake; skipped where there is no node or no registry."""

import shutil
import subprocess

import pytest

from tests.serve.fronts import started

pytestmark = pytest.mark.slow

SCRIPT = """
import assert from "node:assert/strict";
import { Ollama } from "ollama";
import OpenAI from "openai";

const url = process.argv[2];
const hello = "Hello! I say what my script says.";
const user = (content) => [{ role: "user", content }];
const tool = { type: "function", function: { name: "get_weather", description: "Weather of a city",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] } } };
const schema = { type: "object", properties: { name: { type: "string" }, age: { type: "integer" } },
  required: ["name", "age"], additionalProperties: false };

const ollama = new Ollama({ host: url });
assert((await ollama.list()).models.some((model) => model.name === "scripted:latest"));
assert.equal((await ollama.chat({ model: "scripted", messages: user("Hi") })).message.content, hello);
let said = "";
for await (const part of await ollama.chat({ model: "scripted", messages: user("Hi"), stream: true }))
  said += part.message.content;
assert.equal(said, hello);
const called = await ollama.chat({ model: "scripted", messages: user("<|tool|>"), tools: [tool] });
assert.deepEqual(called.message.tool_calls[0].function.arguments, { city: "Paris" });
const held = await ollama.chat({ model: "scripted", messages: user("Hi"), format: schema });
assert.equal(JSON.parse(held.message.content).age, 42);
assert.equal((await ollama.embed({ model: "vectors", input: ["a", "b"] })).embeddings[1].length, 512);
await assert.rejects(ollama.chat({ model: "scriptd", messages: user("Hi") }), /did you mean scripted:latest/);

const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0 });
const limited = openai.chat.completions.create({ model: "scripted", messages: user("<|fail:429|>") });
await assert.rejects(limited, OpenAI.RateLimitError);
assert((await openai.models.list()).data.some((model) => model.id === "scripted:latest"));
const whole = await openai.chat.completions.create({ model: "scripted", messages: user("Hi") });
assert.equal(whole.choices[0].message.content, hello);
said = "";
const stream = await openai.chat.completions.create({ model: "scripted", messages: user("Hi"), stream: true });
for await (const part of stream)
  said += part.choices[0]?.delta?.content ?? "";
assert.equal(said, hello);
const tools = await openai.chat.completions.create({ model: "scripted", messages: user("<|tool|>"), tools: [tool] });
assert.equal(tools.choices[0].message.tool_calls[0].function.arguments, '{"city":"Paris"}');
const strict = await openai.chat.completions.create({ model: "scripted", messages: user("Hi"),
  response_format: { type: "json_schema", json_schema: { name: "a", schema, strict: true } } });
assert.equal(JSON.parse(strict.choices[0].message.content).age, 42);
assert.equal((await openai.embeddings.create({ model: "vectors", input: ["a", "b"] })).data[1].embedding.length, 512);
await assert.rejects(openai.chat.completions.create({ model: "scriptd", messages: user("Hi") }), OpenAI.NotFoundError);
console.log("all well");
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """A folder with both packages in it."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if not npm or not node:
        pytest.skip("there is no node and npm here")
    folder = tmp_path_factory.mktemp("npm")
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    done = subprocess.run(
        [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "ollama", "openai"],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"npm could not install the packages: {done.stderr.strip()[-300:]}")
    return folder


@pytest.mark.timeout(180)
def test_npm_packages_list_chat_stream_call_tools_embed_and_fail(packages, tmp_path):
    (packages / "ask.js").write_text(SCRIPT)
    with started("--ttft", "0", "--gap", "0.001", data=tmp_path) as (_, url):
        done = subprocess.run(
            ["node", "ask.js", url], cwd=packages, capture_output=True, text=True, timeout=60, check=False
        )
    assert (done.returncode, done.stdout, done.stderr) == (0, "all well\n", "")
