"""The check `gpu`: which graphics processors there are, and whether their driver answers."""

from ollascope.checks.finding import Finding, Surroundings
from ollascope.console.show import size_text
from ollascope.host.machine import Drivers, Look, Machine
from ollascope.words.record import Json
from ollascope.words.sample import Gpu

ID = "gpu"


def check_gpu(around: Surroundings) -> Finding:
    """Driver, version and memory of the graphics processors."""
    machine = Machine(Look(root=around.root))
    try:
        return judge(machine.gpus(), machine.drivers())
    finally:
        machine.close()


def judge(gpus: tuple[Gpu, ...], drivers: Drivers) -> Finding:
    """No processor is no problem: models also run on the CPU; one that tells nothing is worth a look."""
    facts = _facts(gpus, drivers)
    if not gpus:
        hint = "models run on the CPU; with a graphics processor, install its driver"
        if drivers.nvidia or drivers.amd:
            hint = "a driver is loaded but shows no processor; `nvidia-smi` or `rocm-smi` tells why"
        return Finding(id=ID, state="unknown", text="no graphics processor can be seen", hint=hint, facts=facts)
    text = f"{', '.join(_named(gpu) for gpu in gpus)}; {_versions(drivers)}"
    if all(gpu.memory_total_bytes is None for gpu in gpus):
        hint = "install the package nvidia-ml-py to read it: pip install nvidia-ml-py"
        return Finding(id=ID, state="unknown", text=f"{text}; its memory cannot be read", hint=hint, facts=facts)
    return Finding(id=ID, state="ok", text=text, facts=facts)


def _named(gpu: Gpu) -> str:
    name = gpu.name or f"graphics processor {gpu.index}"
    if gpu.memory_total_bytes is None:
        return name
    used = "" if gpu.memory_used_bytes is None else f"{size_text(gpu.memory_total_bytes - gpu.memory_used_bytes)} of "
    return f"{name} ({used}{size_text(gpu.memory_total_bytes)}{' free' if used else ''})"


def _versions(drivers: Drivers) -> str:
    said = (("driver", drivers.nvidia), ("CUDA", drivers.cuda), ("amdgpu", drivers.amd), ("ROCm", drivers.rocm))
    return ", ".join(f"{name} {version}" for name, version in said if version) or "driver version not known"


def _facts(gpus: tuple[Gpu, ...], drivers: Drivers) -> dict[str, Json]:
    listed: list[Json] = [
        {"name": gpu.name, "memory_total_bytes": gpu.memory_total_bytes, "memory_used_bytes": gpu.memory_used_bytes}
        for gpu in gpus
    ]
    return {"gpus": listed, "nvidia_driver": drivers.nvidia, "cuda": drivers.cuda, "amd_driver": drivers.amd,
            "rocm": drivers.rocm}  # fmt: skip
