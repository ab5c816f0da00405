"""How llama-cpp-python is built for this machine: for what its processor surely has, never for AMX."""

import hashlib
import platform
import shutil
import subprocess
import sysconfig
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from ollascope.engines.llamacpp.changes import as_cmake
from ollascope.host.files import text

PACKAGE = "llama-cpp-python"
VERSION = "0.3.36"
COMPILERS = ("c++", "g++", "clang++")  # in the order in which CMake looks for them
PATIENCE_S = 20.0

Accepts = Callable[[tuple[str, ...]], bool]  # whether the compiler knows these flags


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """Instructions that a build may use: CMake's option, and what llama.cpp, the kernel and compilers call them."""

    option: str
    told: str
    needs: frozenset[str]
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What makes one build differ from another."""

    version: str = VERSION
    options: tuple[str, ...]
    features: frozenset[str]  # what llama.cpp will tell of itself, as far as it is chosen here
    machine: str

    @property
    def name(self) -> str:
        """A folder name: equal names are equal builds."""
        said = "-".join(("portable", *sorted(self.features & WIDE)))
        mark = hashlib.sha256(" ".join((self.version, *self.options, INCLUDE_TEXT)).encode()).hexdigest()[:8]
        return f"{PACKAGE}-{self.version}-{self.machine}-{said}-{mark}".lower()


# What a build without -march=native takes for given; it must be turned off where the processor lacks it.
USUAL = (
    Extension(option="GGML_SSE42", told="SSE3", needs=frozenset({"sse4_2"}), flags=("-msse4.2",)),
    Extension(option="GGML_AVX", told="AVX", needs=frozenset({"avx"}), flags=("-mavx",)),
    Extension(option="GGML_AVX2", told="AVX2", needs=frozenset({"avx2"}), flags=("-mavx2",)),
    Extension(option="GGML_BMI2", told="BMI2", needs=frozenset({"bmi2"}), flags=("-mbmi2",)),
    Extension(option="GGML_FMA", told="FMA", needs=frozenset({"fma"}), flags=("-mfma",)),
    Extension(option="GGML_F16C", told="F16C", needs=frozenset({"f16c"}), flags=("-mf16c",)),
)
AVX512 = Extension(
    option="GGML_AVX512",
    told="AVX512",
    needs=frozenset({"avx512f", "avx512cd", "avx512vl", "avx512dq", "avx512bw"}),
    flags=("-mavx512f", "-mavx512cd", "-mavx512vl", "-mavx512dq", "-mavx512bw"),
)
UPON_AVX512 = (
    Extension(option="GGML_AVX512_VBMI", told="AVX512_VBMI", needs=frozenset({"avx512vbmi"}), flags=("-mavx512vbmi",)),
    Extension(option="GGML_AVX512_VNNI", told="AVX512_VNNI", needs=frozenset({"avx512_vnni"}), flags=("-mavx512vnni",)),
    Extension(option="GGML_AVX512_BF16", told="AVX512_BF16", needs=frozenset({"avx512_bf16"}), flags=("-mavx512bf16",)),
)
AVX_VNNI = Extension(option="GGML_AVX_VNNI", told="AVX_VNNI", needs=frozenset({"avx_vnni"}), flags=("-mavxvnni",))
# AMX is left out for good: GCC 12 makes tile settings of it that end the process at the first quantised prompt.
WIDE = frozenset({AVX512.told, AVX_VNNI.told, *(each.told for each in UPON_AVX512)})

# Without its image library, its common library and headers outside its folder the build has 83 steps instead of 193.
LEAN = ("-DLLAVA_BUILD=OFF", "-DCMAKE_INSTALL_LIBDIR=llama_cpp/lib", "-DCMAKE_INSTALL_INCLUDEDIR=llama_cpp/include")
# The package forces its common library on; a file that CMake reads inside llama.cpp's own project has the last word.
INCLUDE_OPTION = "-DCMAKE_PROJECT_llama.cpp_INCLUDE="
INCLUDE_TEXT = "set(LLAMA_BUILD_COMMON OFF)\n" + as_cmake()


def recipe(root: Path = Path("/"), accepts: Accepts | None = None) -> Recipe:
    """The recipe for this machine; with no compiler here its flags are taken to be known."""
    found = processor(root)
    fitting = _fitting(found, accepts or _accepts)
    lacking = [each for each in USUAL if found and not each.needs <= found]
    options = (
        "-DGGML_NATIVE=OFF",
        *(f"-D{each.option}=OFF" for each in lacking),
        *(f"-D{each.option}=ON" for each in fitting),
        *LEAN,
    )
    usual = {each.told for each in USUAL if each.needs <= found}
    return Recipe(
        options=options, features=frozenset(usual | {each.told for each in fitting}), machine=machine_class()
    )  # fmt: skip


def processor(root: Path = Path("/")) -> frozenset[str]:
    """The names of what this processor can do, as the kernel tells them; none where it does not (ARM, macOS)."""
    for line in text(root / "proc/cpuinfo").splitlines():
        name, _, rest = line.partition(":")
        if name.strip() == "flags":
            return frozenset(rest.split())
    return frozenset()


def machine_class() -> str:
    """Platform and C library: a library built on a newer one does not load on an older one."""
    libc = "".join(platform.libc_ver())
    return f"{sysconfig.get_platform()}-{libc}".rstrip("-").replace("-", "_")


def compiler(path: str | None = None) -> str:
    """The C++ compiler that CMake will find, or an empty text."""
    return next((found for name in COMPILERS if (found := shutil.which(name, path=path))), "")


def _fitting(found: frozenset[str], accepts: Accepts) -> list[Extension]:
    wide = [AVX512, *UPON_AVX512] if AVX512.needs <= found and accepts(AVX512.flags) else []
    return [each for each in (*wide, AVX_VNNI) if each.needs <= found and accepts(each.flags)]


def _accepts(flags: Iterable[str]) -> bool:
    """Whether the compiler here knows the flags; where there is none only a kept build can be meant."""
    if not (name := compiler()):
        return True
    command = [name, *flags, "-x", "c++", "-fsyntax-only", "/dev/null"]
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE_S).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
