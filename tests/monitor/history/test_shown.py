"""What the page of History says in figures, in both languages."""

from ollascope.monitor.history.drawn import Drawn
from ollascope.monitor.history.piece import Piece
from ollascope.monitor.history.shown import figures_of, lines_of
from ollascope.words.call import Call


def piece(*ends, outcome="ok"):
    made = Piece()
    for number, end_s in enumerate(ends):
        made.add_call(Call(id=str(number), sent_at=0.0, source="s", outcome=outcome, end_s=end_s, tokens_out=7))
    return made


def drawn(now, before=None, **said):
    return Drawn(since=0.0, until=100.0, step_s=60, points=[now], whole=now, before=before or Piece(), **said)


def test_nothing_measured_is_none_and_not_zero():
    told = {figure.label: figure.value for figure in figures_of(drawn(Piece()), "en")}
    assert (told["requests"], told["failed"], told["TTFT p50"]) == ("0", None, None)


def test_figures_stand_beside_those_before():
    told = {figure.label: figure.note for figure in figures_of(drawn(piece(2.0, 2.0), piece(1.0)), "en")}
    assert told["requests"] == "before: 1 (+100 %)"
    assert told["total p50"].endswith("(+100 %)")


def test_manifold_growth_is_told_as_a_factor():
    told = {figure.label: figure.note for figure in figures_of(drawn(piece(*[2.0] * 30), piece(1.0)), "en")}
    assert told["requests"] == "before: 1 (× 30)"


def test_without_a_time_before_nothing_is_compared():
    assert {figure.note for figure in figures_of(drawn(piece(1.0)), "en")} == {""}


def test_failures_have_a_tone():
    assert figures_of(drawn(piece(1.0, outcome="timeout")), "en")[1].tone == "problem"


def test_every_label_is_translated():
    english, chinese = (figures_of(drawn(piece(1.0)), language) for language in ("en", "zh"))
    assert [one.label for one, other in zip(english, chinese, strict=True) if one.label == other.label] == []


def test_models_stand_in_their_order_and_demos_are_marked():
    lines = lines_of(drawn(piece(1.0), models={"m": piece(1.0, 2.0), "demo": piece(1.0), "": piece(3.0)}), "en")
    assert [(line.name, line.demo, line.cells[0]) for line in lines] == [
        ("m", False, "2"), ("demo", True, "1"), ("unknown", False, "1"),
    ]  # fmt: skip
