"""What our build changes in llama.cpp: an answer's numbers are the same alone and in company.

A matrix times one column, and times several, are other kernels there, which add in another order; so are attention for
one token of a long memory, for a few tokens and for many. Two tokens that are nearly as likely then change places with
the number of answers that run beside. After these changes all of them add in the order of the kernel for several.
"""

from dataclasses import dataclass

CPU = "ggml/src/ggml-cpu"
JOB = 64  # rows that a thread takes at a time, as the kernel for one column does


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A text of a source file, which stands there once, and what it becomes."""

    file: str
    old: str
    new: str


MARK = "ollascope_same_alone"  # a function of the library by which a build with all this is known

CHANGES = (
    Change(  # elsewhere than on x86 there are more kernels, which these changes do not reach
        file=f"{CPU}/llamafile/sgemm.cpp",
        old="#include <array>\n#include <type_traits>\n",
        new=f"""\
#include <array>
#include <type_traits>

#if defined(__AVX2__) || defined(__AVX512F__)
extern "C" int {MARK}(void);
extern "C" int {MARK}(void) {{ return 1; }}
#endif
""",
    ),
    Change(  # weights lie without gaps; what attention remembers does not, and is left to its own kernel
        file=f"{CPU}/llamafile/sgemm.cpp",
        old="    if (n < 2)\n        return false;\n#endif\n\n    if (Ctype",
        new="""\
#if defined(__x86_64__)
    if (n < 2 && (lda != k || (Atype != GGML_TYPE_F16 && Atype != GGML_TYPE_BF16 && Atype != GGML_TYPE_F32)))
#else
    if (n < 2)
#endif
        return false;
#endif

    if (Ctype""",
    ),
    Change(  # row by row: several at a time would read the memory in another order, half as fast
        file=f"{CPU}/llamafile/sgemm.cpp",
        old="""\
        if (k % KN != 0)
            return false;
        // compute RM for""",
        new=f"""\
        if (k % KN != 0)
            return false;
        if (n == 1) {{
            if (m % 4 != 0)
                return false;
            if (params->ith == 0)
                ggml_threadpool_chunk_set(params->threadpool, params->nth);
            ggml_barrier(params->threadpool);
            for (int64_t job = params->ith; job * {JOB} < m; job = ggml_threadpool_chunk_add(params->threadpool, 1))
                for (int64_t i = job * {JOB}; i < m && i < (job + 1) * {JOB}; ++i)
                    gemm_bloc<1, 1>(i, 0);
            ggml_barrier(params->threadpool);
            return true;
        }}
        // compute RM for""",
    ),
    Change(  # a memory cut between threads is added up in parts; needed only where there are fewer heads than threads
        file=f"{CPU}/ops.cpp",
        old="q->type == GGML_TYPE_F32 && nek1 >= 512;",
        new="q->type == GGML_TYPE_F32 && nek1 >= 512 && neq2 < nth;",
    ),
    Change(  # the kernel for many tokens is the faster one from about five on
        file=f"{CPU}/ops.cpp",
        old="neq1 >= Q_TILE_SZ);",
        new="neq1 > 1);",
    ),
)


def as_cmake() -> str:
    """The changes as CMake makes them inside llama.cpp's project; what is not found as expected stays as it is."""
    return "".join(map(_as_cmake, CHANGES))


def _as_cmake(change: Change) -> str:
    path = f'"${{PROJECT_SOURCE_DIR}}/{change.file}"'
    return f"""\
file(READ {path} said)
string(FIND "${{said}}" {_quoted(change.old)} at)
if(at EQUAL -1)
  message(WARNING "{change.file} is not as expected and stays as it is")
else()
  string(REPLACE {_quoted(change.old)} {_quoted(change.new)} said "${{said}}")
  file(WRITE {path} "${{said}}")
endif()
"""


def _quoted(text: str) -> str:
    """CMake leaves out a line end that follows the opening bracket."""
    return f"[==[\n{text}]==]"
