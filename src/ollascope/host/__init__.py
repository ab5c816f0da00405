"""Readings of the machine: CPU, memory, pressure, disk, network, processes, graphics processors, energy."""
