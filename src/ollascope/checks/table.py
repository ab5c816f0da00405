"""Every check: its stable id and where it lives, in the order they are shown."""

CHECKS: dict[str, str] = {
    "platform": "ollascope.checks.machine.platform:check_platform",
    "python": "ollascope.checks.machine.python:check_python",
    "packages": "ollascope.checks.machine.packages:check_packages",
    "compiler": "ollascope.checks.machine.compiler:check_compiler",
    "engine": "ollascope.checks.machine.engine:check_engine",
    "memory": "ollascope.checks.machine.memory:check_memory",
    "disk": "ollascope.checks.machine.disk:check_disk",
    "clock": "ollascope.checks.machine.clock:check_clock",
    "settings": "ollascope.checks.settings:check_settings",
    "data": "ollascope.checks.data:check_data",
    "ports": "ollascope.checks.machine.ports:check_ports",
    "gpu": "ollascope.checks.machine.gpu:check_gpu",
    "ollama": "ollascope.checks.ollama.server:check_ollama",
    "ollama-version": "ollascope.checks.ollama.version:check_version",
    "ollama-models": "ollascope.checks.ollama.models:check_models",
    "ollama-slots": "ollascope.checks.ollama.slots:check_slots",
}
