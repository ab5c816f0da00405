"""JUnit documents count what they hold and hold any text."""

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from ollascope.reports.junit import Case, junit

TEXTS = st.text(max_size=40)


@given(st.lists(st.builds(Case, name=TEXTS, failure=st.none() | TEXTS, skipped=st.none(), output=TEXTS), max_size=8))
def test_any_text_makes_a_document(cases):
    root = ElementTree.fromstring(junit("suite\x00", cases, 1.5))
    assert int(root.attrib["tests"]) == len(cases) == len(root.findall("testsuite/testcase"))
    failed = sum(case.failure is not None for case in cases)
    assert int(root.attrib["failures"]) == failed == len(root.findall("testsuite/testcase/failure"))


def test_what_was_not_told_is_skipped():
    root = ElementTree.fromstring(junit("s", [Case(name="a", skipped="too few requests")], 0))
    assert root.find("testsuite/testcase/skipped").attrib["message"] == "too few requests"
