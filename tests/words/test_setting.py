"""A setting carries its meaning; a secret never shows itself."""

import dataclasses

from ollascope.words.setting import Secret, rules, setting, subsection


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """A section within the section below."""

    rpm: int = setting(60, "Requests a minute.", minimum=1)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A section as a room declares it."""

    port: int = setting(8080, "Where it listens.", kind="port")
    limits: Limits = subsection(Limits, "What is allowed.")


def test_section_is_made_of_its_defaults():
    assert Door() == Door(port=8080, limits=Limits(rpm=60))


def test_rules_come_in_the_order_of_the_fields():
    assert {name: rule.meaning for name, rule in rules(Door).items()} == {
        "port": "Where it listens.",
        "limits": "What is allowed.",
    }


def test_secret_never_shows_itself():
    secret = Secret("canary")
    assert "canary" not in f"{secret} {secret!r} {[secret]}"
    assert secret.reveal() == "canary"
    assert secret == Secret("canary") != Secret("other")
