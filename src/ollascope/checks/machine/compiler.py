"""The check `compiler`: can the embedded engine be built here?"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ollascope.checks.finding import Facts, Finding, Surroundings
from ollascope.checks.machine.platform import os_release
from ollascope.engines.llamacpp.installed import find_installed
from ollascope.engines.llamacpp.recipe import compiler

ID = "compiler"
BUILDERS = ("ninja", "make")

# By the ID or ID_LIKE of /etc/os-release; the first that fits.
INSTALL = {
    "debian": "apt-get install g++",
    "ubuntu": "apt-get install g++",
    "fedora": "dnf install gcc-c++",
    "rhel": "dnf install gcc-c++",
    "centos": "dnf install gcc-c++",
    "suse": "zypper install gcc-c++",
    "arch": "pacman -S --needed base-devel",
    "alpine": "apk add build-base",
    "void": "xbps-install base-devel",
    "amzn": "dnf install gcc-c++",
}
MACOS = "install it with `xcode-select --install`"
ELSEWHERE = "install g++ (or clang++) with the package manager of this system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What a build of the embedded engine finds on PATH; an empty text is absent."""

    compiler: str
    builder: str
    cmake: str
    engine_built: bool


def check_compiler(around: Surroundings) -> Finding:
    """A C++ compiler: what a build of the embedded engine needs."""
    return judge(find_tools(engine_built=find_installed() is not None), advice(os_release(around.root)))


def find_tools(*, engine_built: bool, path: str | None = None) -> Tools:
    """The tools in the folders of `path`, or of PATH."""
    return Tools(
        compiler=Path(compiler(path)).name,
        builder=next((name for name in BUILDERS if shutil.which(name, path=path)), ""),
        cmake="cmake" if shutil.which("cmake", path=path) else "",
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
    if tools.compiler:
        found = [tool for tool in (tools.compiler, tools.builder, tools.cmake) if tool]
        fetched = " and ".join(name for name, tool in (("ninja", tools.builder), ("cmake", tools.cmake)) if not tool)
        text = ", ".join(found) + (f"; a build fetches {fetched}" if fetched else "")
        return Finding(id=ID, state="ok", text=text, facts=facts)
    if tools.engine_built:
        text = "no C++ compiler; not needed, the embedded engine is built already"
        return Finding(id=ID, state="ok", text=text, facts=facts)
    text = "no C++ compiler, so the embedded engine cannot be built"
    return Finding(id=ID, state="warning", text=text, hint=hint, facts=facts)


def advice(release: Mapping[str, str]) -> str:
    """How a compiler is installed on this distribution; only a system without /etc/os-release may be a Mac."""
    names = [release.get("ID", ""), *release.get("ID_LIKE", "").split()]
    for name in names:
        if command := INSTALL.get("suse" if "suse" in name else name):
            return f"needed only without Ollama; as root: `{command}`"
    return ELSEWHERE if release else f"{ELSEWHERE}; on a Mac {MACOS}"
