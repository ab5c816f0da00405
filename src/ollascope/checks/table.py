"""Every check: its stable id and where it lives, in the order they are shown."""

CHECKS: dict[str, str] = {
    "platform": "ollascope.checks.machine.platform:check_platform",
    "python": "ollascope.checks.machine.python:check_python",
    "packages": "ollascope.checks.machine.packages:check_packages",
    "compiler": "ollascope.checks.machine.compiler:check_compiler",
    "memory": "ollascope.checks.machine.memory:check_memory",
    "disk": "ollascope.checks.machine.disk:check_disk",
    "clock": "ollascope.checks.machine.clock:check_clock",
    "settings": "ollascope.checks.settings:check_settings",
    "data": "ollascope.checks.data:check_data",
    "ports": "ollascope.checks.machine.ports:check_ports",
    "gpu": "ollascope.checks.machine.gpu:check_gpu",
}
