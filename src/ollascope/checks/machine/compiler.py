"""The check `compiler`: can the embedded engine be built here?"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import distributions

from ollascope.checks.finding import Facts, Finding, Surroundings
from ollascope.checks.machine.platform import os_release

ID = "compiler"
COMPILERS = ("g++", "clang++", "c++")
BUILDERS = ("make", "ninja")
ENGINE = "llama-cpp-python"

# By the ID or ID_LIKE of /etc/os-release; the first that fits.
INSTALL = {
    "debian": "apt-get install build-essential cmake",
    "ubuntu": "apt-get install build-essential cmake",
    "fedora": "dnf install gcc-c++ make cmake",
    "rhel": "dnf install gcc-c++ make cmake",
    "centos": "dnf install gcc-c++ make cmake",
    "suse": "zypper install gcc-c++ make cmake",
    "arch": "pacman -S --needed base-devel cmake",
    "alpine": "apk add build-base cmake",
    "void": "xbps-install base-devel cmake",
    "amzn": "dnf install gcc-c++ make cmake",
}
MACOS = "install them with `xcode-select --install`"
ELSEWHERE = "install g++ (or clang++), make and cmake with the package manager of this system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What a build of the embedded engine finds on PATH; an empty text is absent."""

    compiler: str
    builder: str
    cmake: str
    engine_built: bool


def check_compiler(around: Surroundings) -> Finding:
    """A C++ compiler, make and cmake: what a build of the embedded engine needs."""
    built = next(iter(distributions(name=ENGINE)), None) is not None
    return judge(find_tools(engine_built=built), advice(os_release(around.root)))


def find_tools(*, engine_built: bool, path: str | None = None) -> Tools:
    """The tools in the folders of `path`, or of PATH."""
    return Tools(
        compiler=_first(COMPILERS, path),
        builder=_first(BUILDERS, path),
        cmake=_first(("cmake",), path),
        engine_built=engine_built,
    )


def judge(tools: Tools, hint: str) -> Finding:
    """Without a compiler everything but the embedded engine works, so it is a warning; built once, none is needed."""
    facts: Facts = {
        "compiler": tools.compiler or None,
        "make": tools.builder or None,
        "cmake": tools.cmake or None,
        "engine_built": tools.engine_built,
    }
    found = [tool for tool in (tools.compiler, tools.builder, tools.cmake) if tool]
    needs = {"a C++ compiler": tools.compiler, "make": tools.builder, "cmake": tools.cmake}
    missing = " and ".join(name for name, tool in needs.items() if not tool)
    if not missing:
        return Finding(id=ID, state="ok", text=", ".join(found), facts=facts)
    if tools.engine_built:
        text = f"{missing} not found; not needed, the embedded engine is built already"
        return Finding(id=ID, state="ok", text=text, facts=facts)
    text = f"{missing} not found, so the embedded engine cannot be built"
    return Finding(id=ID, state="warning", text=text, hint=hint, facts=facts)


def advice(release: Mapping[str, str]) -> str:
    """How the tools are installed on this distribution; only a system without /etc/os-release may be a Mac."""
    names = [release.get("ID", ""), *release.get("ID_LIKE", "").split()]
    for name in names:
        if command := INSTALL.get("suse" if "suse" in name else name):
            return f"needed only without Ollama; as root: `{command}`"
    return ELSEWHERE if release else f"{ELSEWHERE}; on a Mac {MACOS}"


def _first(names: tuple[str, ...], path: str | None) -> str:
    return next((name for name in names if shutil.which(name, path=path)), "")
