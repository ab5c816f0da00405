"""The shipped configurations for Vector and Fluent Bit can be parsed, hang together, and fit our lines."""

import io
import json
import logging
import re
from datetime import datetime
from pathlib import Path

import pytest
import yaml

from ollascope.logs.form import bound
from ollascope.logs.setup import Logs, start

FOLDER = Path(__file__).parent.parent.parent / "config/shipping"
LOG = logging.getLogger("ollascope.gateway")
OPTIONS = {  # as the manuals of Vector 0.57 and Fluent Bit 4.2 list them
    "file": {"type", "include", "read_from", "max_line_bytes"},
    "remap": {"type", "inputs", "drop_on_abort", "source"},
    "loki": {"type", "inputs", "endpoint", "labels", "encoding", "out_of_order_action", "compression", "buffer"},
    "elasticsearch": {"type", "inputs", "endpoints", "mode", "bulk", "id_key", "compression", "auth", "buffer"},
}
FLUENT_OPTIONS = {
    "service": {"flush", "log_level", "storage.path"},
    "parser": {"name", "format", "time_key", "time_format", "time_keep"},
    "tail": {
        "name", "tag", "path", "path_key", "parser", "db", "read_from_head", "refresh_interval", "rotate_wait",
        "skip_long_lines",        "buffer_max_size", "storage.type",
    },
    "loki": {"name", "match", "host", "port", "labels", "label_keys", "line_format", "retry_limit"},
    "es": {
        "name", "match", "host", "port", "logstash_format", "logstash_prefix", "suppress_type_name", "generate_id",
        "write_operation", "replace_dots", "trace_error", "retry_limit",
    },
}  # fmt: skip
VECTOR = ("vector-loki.yaml", "vector-elasticsearch.yaml")
FLUENT = ("fluent-bit-loki.yaml", "fluent-bit-elasticsearch.yaml")


def read(name):
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


@pytest.fixture
def line(tmp_path):
    """A line as a process of ours writes it."""
    with start(Logs(), "gateway", tmp_path, (), io.StringIO()) as running, bound(request="R1"):
        LOG.error("no\nanswer", extra={"code": "engine-busy"})
    return running.path.read_text().strip()


def test_every_configuration_is_tested():
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(VECTOR + FLUENT)


@pytest.mark.parametrize("name", VECTOR + FLUENT)
def test_no_secret_and_no_variable_stands_in_a_configuration(name):
    """Vector 0.57 no longer fills variables in, and refuses labels that are taken from the line."""
    text = "\n".join(row for row in (FOLDER / name).read_text().splitlines() if not row.strip().startswith("#"))
    assert not re.search(r"\$\{|\{\{|password|token", text, re.IGNORECASE)


@pytest.mark.parametrize("name", VECTOR)
def test_parts_of_vector_are_joined_and_their_options_exist(name):
    found = read(name)
    assert set(found) == {"data_dir", "sources", "transforms", "sinks"}
    parts = {**found["sources"], **found["transforms"], **found["sinks"]}
    for part in parts.values():
        assert set(part) <= OPTIONS[part["type"]]
        assert set(part.get("inputs", ())) <= set(parts)
    named = {source for part in parts.values() for source in part.get("inputs", ())}
    assert named == set(found["sources"]) | set(found["transforms"])


@pytest.mark.parametrize("name", FLUENT)
def test_parts_of_fluent_bit_are_joined_and_their_options_exist(name):
    found = read(name)
    assert set(found) == {"service", "parsers", "pipeline"}
    assert set(found["service"]) <= FLUENT_OPTIONS["service"]
    (parser,) = found["parsers"]
    assert set(parser) <= FLUENT_OPTIONS["parser"]
    inputs, outputs = found["pipeline"]["inputs"], found["pipeline"]["outputs"]
    for part in (*inputs, *outputs):
        assert set(part) <= FLUENT_OPTIONS[part["name"]]
    assert {part["parser"] for part in inputs} == {parser["name"]}
    assert {part["match"] for part in outputs} == {part["tag"] for part in inputs}


@pytest.mark.parametrize("name", FLUENT)
def test_time_of_our_lines_has_the_format_that_fluent_bit_is_told(name, line):
    (parser,) = read(name)["parsers"]
    said = json.loads(line)[parser["time_key"]]
    assert datetime.strptime(said, parser["time_format"].replace("%L", "%f"))  # noqa: DTZ007 - the Z says it


def test_labels_of_fluent_bit_are_fields_of_our_lines(line):
    (output,) = read("fluent-bit-loki.yaml")["pipeline"]["outputs"]
    assert {key.strip().removeprefix("$") for key in output["label_keys"].split(",")} <= set(json.loads(line))


def remap(name, message):
    vrl = pytest.importorskip("vrl_python", reason="the language of Vector's transforms is checked with vrl-python")
    source = read(name)["transforms"]["ollascope_lines"]["source"]
    return vrl.VRLRuntime.run(source, {"message": message, "file": "/logs/gateway.log"}, "UTC").processed_event


@pytest.mark.parametrize("name", VECTOR)
def test_vector_makes_the_fields_of_a_line_its_own(name, line):
    event = remap(name, line)
    facts = json.loads(line)
    assert {key: event[key] for key in facts} == facts
    assert event["file"] == "/logs/gateway.log"
    assert len(event["id"]) == 64
    assert str(event["timestamp"]).startswith(facts["time"][:19].replace("T", str(event["timestamp"])[10]))


@pytest.mark.parametrize("name", VECTOR)
@pytest.mark.parametrize("message", ["", "no json", "[1]", '"text"', "{"])
def test_vector_leaves_out_what_is_no_line_of_ours(name, message):
    with pytest.raises(Exception, match=r"(?i)abort"):
        remap(name, message)
