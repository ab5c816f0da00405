"""The check `ports`, on sockets of this machine."""

import errno
import os
import socket

import pytest

from ollascope.checks.machine.ports import Port, check_ports, holder, judge, look, nearest_free, try_port

HERE = "127.0.0.1"


@pytest.fixture
def taken():
    """A port on which this process listens."""
    with socket.socket() as listener:
        listener.bind((HERE, 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_taken_port_says_by_whom_and_what_to_set(taken):
    port = look(HERE, "dashboard", {"dashboard": taken})
    finding = judge(HERE, [port])
    assert finding.state == "problem"
    assert finding.text.startswith(f"dashboard {HERE}:{taken} is taken by ")
    assert f"(pid {os.getpid()})" in finding.text
    assert f"--set addresses.dashboard={port.instead}" in finding.hint


def test_port_to_set_instead_is_free_and_not_another_setting(free):
    instead = nearest_free(HERE, free, [free, free + 1])
    assert instead is not None
    assert instead > free + 1
    assert try_port(HERE, instead) == 0


def test_port_to_set_instead_passes_over_a_taken_one(taken):
    assert nearest_free(HERE, taken - 1, [taken - 1]) != taken


def test_no_port_is_offered_above_the_last_one():
    assert nearest_free(HERE, 65_535, [65_535]) is None


def test_two_addresses_on_one_port_are_a_problem(free):
    port = look(HERE, "gateway", {"dashboard": free, "gateway": free})
    assert (port.error, port.holder) == (errno.EADDRINUSE, "addresses.dashboard")


def test_port_is_free_again_after_the_trial(free):
    assert [try_port(HERE, free), try_port(HERE, free)] == [0, 0]


def test_port_whose_last_connection_lingers_is_free():
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HERE, 0))
        listener.listen()
        number = listener.getsockname()[1]
        caller = socket.create_connection((HERE, number))
        answerer, _ = listener.accept()
        answerer.close()  # who closes first waits a minute
        caller.close()
    assert try_port(HERE, number) == 0


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid", "a" * 70 + ".example"])
def test_address_of_another_machine_is_a_problem(host):
    finding = judge(host, [Port(name="dashboard", number=8080, error=try_port(host, 8080))])
    assert (finding.state, finding.text) == ("problem", f"{host} is no address of this machine")
    assert "addresses.host" in finding.hint


def test_wrong_host_is_told_once_for_all_ports():
    ports = [Port(name=name, number=1, error=errno.EADDRNOTAVAIL) for name in ("dashboard", "gateway", "monitor")]
    assert judge("10.9.9.9", ports).text == "10.9.9.9 is no address of this machine"


def test_port_for_root_alone_says_so():
    finding = judge(HERE, [Port(name="gateway", number=80, error=errno.EACCES)])
    assert "may not be opened by this user" in finding.text
    assert "1024" in finding.hint


def test_other_failure_is_told_in_the_words_of_the_system():
    finding = judge("::1", [Port(name="gateway", number=80, error=errno.EAFNOSUPPORT)])
    assert finding.text == "gateway [::1]:80 cannot be opened: Address family not supported by protocol"


def test_taken_port_without_a_known_holder_is_told():
    finding = judge(HERE, [Port(name="monitor", number=9464, error=errno.EADDRINUSE)])
    assert finding.text == "monitor 127.0.0.1:9464 is taken"
    assert finding.hint == "set addresses.monitor to another port"


def test_free_ports_are_ok():
    finding = judge(HERE, [Port(name="dashboard", number=8080), Port(name="gateway", number=11435)])
    assert (finding.state, finding.hint) == ("ok", "")
    assert finding.text == "dashboard 127.0.0.1:8080, gateway 127.0.0.1:11435: all free"


def test_port_of_our_own_child_is_no_problem(taken):
    port = look(HERE, "gateway", {"gateway": taken}, {taken: "gateway (pid 812)"})
    finding = judge(HERE, [port, Port(name="monitor", number=9464)])
    assert finding.state == "ok"
    assert finding.text == f"gateway {HERE}:{taken} is Ollascope's own, gateway (pid 812); monitor {HERE}:9464: free"
    assert finding.facts["gateway"]["ours"] is True


def test_holder_of_a_free_port_is_nobody(free):
    assert holder(free) == ""


def test_every_address_of_the_settings_is_looked_at(around):
    assert set(check_ports(around()).facts) == {"dashboard", "gateway", "monitor"}
