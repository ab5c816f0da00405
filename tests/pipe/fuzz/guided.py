"""The coverage-guided fuzzer itself; `run.py` starts it. Arguments: requests or answers, then those of libFuzzer."""

import sys

import atheris

with atheris.instrument_imports(include=["ollascope.pipe"]):
    from tests.pipe.fuzz.harness import Bench

from tests.pipe.fuzz.corpus import CHECKS


def main() -> None:
    bench = Bench()
    check = CHECKS[sys.argv[1]]
    atheris.Setup([sys.argv[0], *sys.argv[2:]], lambda data: check(bench, data))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
