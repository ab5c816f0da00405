"""Rules files: wrong ones first, each mistake with file, line and the nearest right word."""

from pathlib import Path

import pytest

from ollascope.monitor.alerts.reading.book import read_book
from ollascope.words.errors import BadSettings

WHOLE = """\
rules:
  - name: slow
    when: ttft p95 > 2 s
    until: 1500 ms
    over: 10m
    each: model
    for: 5m
    least: 20
    severity: critical
    labels: {team: search}
    hint: call Ana
  - name: silent
    absent: requests
    over: 30m
  - name: burning
    burn: success > 99.5 %
    severity: critical
  - name: odd
    anomaly: ttft
    for: 10m
channels:
  - name: hook
    kind: webhook
    url: http://127.0.0.1:9/hook
  - name: post
    kind: mail
    host: mail.example.com
    sender: a@example.com
    to: [b@example.com, c@example.com]
    severity: warning
    match: {team: search}
  - name: group
    kind: feishu
    url_file: feishu.url
  - name: own
    kind: command
    command: [/bin/true, -x]
notices:
  group_by: [name, model]
  wait: 30s
  repeat: 2h
  most_per_hour: 10
"""


def read(tmp_path, text):
    path = tmp_path / "rules.yaml"
    path.write_text(text, encoding="utf-8")
    return read_book(path)


def mistakes(tmp_path, text):
    with pytest.raises(BadSettings) as told:
        read(tmp_path, text)
    return [line.removeprefix(str(tmp_path / "rules.yaml")) for line in told.value.message.splitlines()]


def rule(*lines):
    return "rules:\n  - name: a\n" + "".join(f"    {line}\n" for line in lines)


def channel(*lines):
    return "channels:\n  - name: a\n" + "".join(f"    {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("text", "line", "what", "hint"),
    [
        (rule("when: tfft p95 > 2 s"), 3, "no measure 'tfft'", "did you mean ttft?"),
        (rule("when: ttft p95 > 2 kg"), 3, "not measured in kg", "ms"),
        (rule("when: ttft > 2 s"), 3, "many values", "p95"),
        (rule("wenn: ttft p95 > 2 s", "absent: requests"), 3, 'unknown key "wenn"', "did you mean when?"),
        (rule("severity: warning"), 2, "does not say when it holds", "when"),
        (rule("when: errors > 5 %", "absent: requests"), 2, "has when and absent at once", "one of"),
        (rule("absent: request"), 3, "is none of requests, samples", "did you mean requests?"),
        (rule("anomaly: tttft"), 3, "no signal 'tttft'", "did you mean ttft?"),
        (rule("burn: sucess > 99 %"), 3, "no measure 'sucess'", "did you mean success?"),
        (rule("when: errors > 5 %", "severity: fatal"), 4, "is not one of info, warning, critical", "info"),
        (rule("when: errors > 5 %", "for: soon"), 4, "is no length of time", "5m"),
        (rule("when: cpu_ratio > 90 %", "until: 95 %"), 4, "contradicts `when`: 95 % is above 90 %", "other side"),
        (rule("when: disk_free_bytes < 5 GB", "until: 4 GB"), 4, "contradicts `when`: 4 GB is below 5 GB", "other"),
        (rule("when: cpu_ratio > 250 %"), 3, "'cpu_ratio > 250 %' can never hold", "100 %"),
        (rule("when: disk_free_bytes < 0 GB"), 3, "can never hold", "at 0 or above"),
        (rule("when: success < 101 %"), 3, "always holds", "100 %"),
        (rule("absent: requests", "until: 5"), 4, "belongs to a rule with `when`", "remove"),
        (rule("when: errors > 5 %", "labels: {model: x}"), 4, "sets itself", "another name"),
        (rule("when: errors > 5 %", "least: many"), 4, "is no whole number", "least"),
        (rule("when: errors > 5 %", "each: user"), 4, "is not one of model, backend", "model"),
        ("rules:\n  - when: errors > 5 %\n", 2, "has no name", "letters"),
        (rule("when: errors > 5 %") + "  - name: a\n    absent: requests\n", 4, "two rules 'a'", "own name"),
        ("rules: all\n", 1, "is no list", "- name:"),
        ("rules:\n  - slow\n", 2, "is no map", "- name:"),
        ("rulse: []\n", 1, 'unknown key "rulse"', "did you mean rules?"),
        (channel("kind: pager"), 3, "is not one of webhook", ""),
        (channel("kind: webhook"), 2, "needs one of `url` and `url_file`", ""),
        (channel("kind: webhook", "url: ftp://x"), 4, "is no address", "https://"),
        (channel("kind: slack", "url: https://hooks.example.com/x"), 4, "it is a secret", "url_file"),
        (channel("kind: webhook", "url: https://a:b@example.com/x"), 4, "it is a secret", "url_file"),
        (channel("kind: mail", "host: h", "sender: a@b.c"), 2, "without `to`", "to"),
        (channel("kind: mail", "host: h", "sender: a", "to: b@c.d"), 5, "is no address", "ops@example.com"),
        (channel("kind: mail", "host: h", "sender: a@b.c", "to: b@c.d", "user: u", "password_file: p"), 8,
         "would travel open", "starttls"),
        (channel("kind: command"), 2, "without `command`", "program"),
        ("notices:\n  wait: long\n", 2, "is no length of time", "5m"),
        ("notices:\n  most_per_hour: 0\n", 2, "is no whole number from 1", ""),
        ("rules:\n\t- name: a\n", 2, "a tab", "two blanks"),
    ],
)  # fmt: skip
def test_mistake_is_told_with_its_line_and_what_to_write(tmp_path, text, line, what, hint):
    found = [each for each in mistakes(tmp_path, text) if what in each]
    assert found, mistakes(tmp_path, text)
    assert found[0].startswith(f":{line}: ")
    assert hint in found[0]


def test_all_mistakes_are_told_at_once(tmp_path):
    text = rule("when: tfft p95 > 2 s", "for: soon").replace("for", "fro") + channel("kind: webhook")
    assert len(mistakes(tmp_path, text)) == 4  # three, and a line that counts them


def test_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(BadSettings, match="there is no such file"):
        read_book(tmp_path / "none.yaml")


def test_secret_is_never_repeated(tmp_path):
    text = channel("kind: webhook", "url: https://me:hunter2000@example.com/x")
    assert "hunter2000" not in "".join(mistakes(tmp_path, text))


def test_whole_file_is_read(tmp_path):
    book = read(tmp_path, WHOLE)
    slow, silent, burning, odd = book.rules
    assert (slow.bound.name, slow.bound.number, slow.until, slow.over_s) == ("ttft_s", 2.0, 1.5, 600.0)
    assert (slow.each, slow.for_s, slow.least, slow.severity) == ("model", 300.0, 20, "critical")
    assert (slow.labels, slow.hint) == ({"team": "search"}, "call Ana")
    assert (silent.sort, silent.what, silent.for_s) == ("absence", "requests", None)
    assert (burning.what, odd.what, odd.for_s) == ("success > 99.5 %", "ttft", 600.0)
    hook, post, group, own = book.channels
    assert hook.url == "http://127.0.0.1:9/hook"
    assert (post.to, post.port, post.severity) == (("b@example.com", "c@example.com"), 25, "warning")
    assert group.url_file == tmp_path / "feishu.url"
    assert own.command == ("/bin/true", "-x")
    assert book.grouping.group_by == ("name", "model")
    assert (book.grouping.wait_s, book.grouping.repeat_s, book.grouping.most_per_hour) == (30.0, 7200.0, 10)


def test_empty_file_has_no_rules(tmp_path):
    assert read(tmp_path, "# nothing yet\n").rules == ()


def test_rules_of_the_page_about_alerts_are_right(tmp_path):
    page = (Path(__file__).parents[3] / "docs" / "alerts.md").read_text(encoding="utf-8")
    (example,) = [block for block in page.split("```yaml\n") if block.startswith("rules:")]
    book = read(tmp_path, example.partition("```")[0])
    assert (len(book.rules), len(book.channels)) == (6, 4)
