"""What is asked in a run: texts, lengths as the server counts them, conversations, and what its cache may know."""

from ollascope.bench.prompts.asking import Count
from ollascope.bench.prompts.lengths import read_lengths
from ollascope.bench.prompts.making import check_wording, make_material

__all__ = ["Count", "check_wording", "make_material", "read_lengths"]
