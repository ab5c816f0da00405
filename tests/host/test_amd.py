"""AMD processors, as their driver shows them."""

from ollascope.host.amd import amd_driver, read_amd, rocm_version
from tests.host.trees import GIB, write


def card(root, number=0, vendor="0x1002", **files):
    folder = root / f"sys/class/drm/card{number}/device"
    write(folder / "vendor", vendor + "\n")
    for name, text in files.items():
        write(folder / name.replace("__", "/"), text)


def test_no_card_is_none(tmp_path):
    assert read_amd(tmp_path) == ()
    assert (amd_driver(tmp_path), rocm_version(tmp_path)) == (None, None)


def test_cards_of_others_and_their_outputs_are_left_out(tmp_path):
    card(tmp_path, vendor="0x8086")
    write(tmp_path / "sys/class/drm/card0-HDMI-A-1/status", "connected\n")
    assert read_amd(tmp_path) == ()


def test_card_that_tells_nothing_is_all_absent(tmp_path):
    card(tmp_path, gpu_busy_percent="N/A\n")
    (gpu,) = read_amd(tmp_path)
    assert (gpu.used_ratio, gpu.memory_total_bytes, gpu.power_watts, gpu.temperature_celsius) == (
        None,
        None,
        None,
        None,
    )


def test_reading_in_our_units(tmp_path):
    card(tmp_path, product_name="Radeon\n", gpu_busy_percent=42, mem_info_vram_used=GIB, mem_info_vram_total=16 * GIB,
         hwmon__hwmon3__power1_average=150_000_000, hwmon__hwmon3__power1_cap=300_000_000,
         hwmon__hwmon3__temp1_input=71_000,
         hwmon__hwmon3__freq1_input=2_400_000_000, hwmon__hwmon3__freq2_input=1_000_000_000)  # fmt: skip
    (gpu,) = read_amd(tmp_path, first=2)
    assert (gpu.index, gpu.name, gpu.used_ratio) == (2, "Radeon", 0.42)
    assert (gpu.memory_used_bytes, gpu.memory_total_bytes, gpu.power_watts, gpu.power_limit_watts) == (
        GIB,
        16 * GIB,
        150.0,
        300.0,
    )
    assert (gpu.temperature_celsius, gpu.clock_hertz, gpu.memory_clock_hertz) == (71.0, 2.4e9, 1e9)


def test_power_may_stand_in_another_file(tmp_path):
    card(tmp_path, hwmon__hwmon0__power1_input=90_000_000)
    assert read_amd(tmp_path)[0].power_watts == 90.0


def test_versions(tmp_path):
    write(tmp_path / "opt/rocm/.info/version", "6.1.2-119\n")
    write(tmp_path / "proc/sys/kernel/osrelease", "6.8.0-45-generic\n")
    (tmp_path / "sys/module/amdgpu").mkdir(parents=True)
    assert (amd_driver(tmp_path), rocm_version(tmp_path)) == ("6.8.0-45-generic", "6.1.2-119")
    write(tmp_path / "sys/module/amdgpu/version", "6.7.8\n")
    assert amd_driver(tmp_path) == "6.7.8"
