"""What starting costs: CPU of `ollascope --help` beside Python with click alone, and the size of a base install."""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
HELP_LIMIT_MS = 150
INSTALL_LIMIT_MB = 150
NOT_OURS = {"pip", "setuptools", "wheel", "pkg_resources", "_distutils_hack"}


def main() -> None:
    """Print both figures beside their limits."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=15)
    options.add_argument(
        "--no-install", action="store_true", help="leave out the installation, which needs the network"
    )
    chosen = options.parse_args()
    print_start(chosen.rounds)
    if not chosen.no_install:
        print_install()


def print_start(rounds: int) -> None:
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "python, import click": [sys.executable, "-c", "import click"],
        "ollascope --help": [str(Path(sys.executable).parent / "ollascope"), "--help"],
    }
    best = {name: float("inf") for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            best[name] = min(best[name], cpu_ms(command))
    print(f"CPU of starting, best of {rounds} interleaved (load {os.getloadavg()[0]:.1f})")
    for name, figure in best.items():
        print(f"  {name:22} {figure:6.1f} ms   {figure / best['python, import click']:.2f} x click alone")
    verdict("ollascope --help", best["ollascope --help"], HELP_LIMIT_MS, "ms")


def cpu_ms(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def print_install() -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = [sys.executable, "-m", "venv", folder]
        subprocess.run(run, check=True)
        pip = [f"{folder}/bin/python", "-m", "pip", "--disable-pip-version-check", "-qqq"]
        subprocess.run([*pip, "install", str(ROOT)], check=True)
        sizes = package_sizes(next(Path(folder).glob("lib/python*/site-packages")))
    print("base install from a wheel, MB")
    for name, size in sorted(sizes.items(), key=lambda item: -item[1])[:8]:
        print(f"  {name:22} {size / 1e6:6.1f}")
    verdict("base install", sum(sizes.values()) / 1e6, INSTALL_LIMIT_MB, "MB")


def package_sizes(packages: Path) -> dict[str, int]:
    """Bytes a package, without what every environment has; what pip compiled counts too."""
    sizes: dict[str, int] = {}
    for path in packages.rglob("*"):
        name = path.relative_to(packages).parts[0]
        if path.is_file() and name.split("-")[0] not in NOT_OURS:
            sizes[name] = sizes.get(name, 0) + path.stat().st_size
    return sizes


def verdict(what: str, figure: float, limit: float, unit: str) -> None:
    print(f"{'ok' if figure <= limit else 'MISSED'}: {what} {figure:.0f} {unit}, at most {limit} {unit}")


if __name__ == "__main__":
    main()
