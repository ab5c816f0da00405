"""Opening the pages to other machines."""

from ollascope.checks.finding import Surroundings
from ollascope.console.invocation import Invocation
from ollascope.processes.cli import Scene, _open_to_others
from ollascope.processes.plan import Child
from ollascope.settings.load import Sources, load
from ollascope.web.guard.lan import ensure_password, open_to_others, own_addresses, told
from ollascope.web.guard.password import read_lock
from ollascope.wire import SECTIONS
from ollascope.words.setting import Secret


def test_only_the_host_of_the_dashboard_changes():
    opened = open_to_others(Child(command=("x", "dashboard"), port=8080, page=True))
    assert (opened.host, opened.port) == ("0.0.0.0", 8080)
    assert opened.command == ("x", "dashboard", "--host", "0.0.0.0")


def test_password_is_made_the_first_time_and_opens(tmp_path):
    password = ensure_password(tmp_path, Secret(""))
    assert read_lock(tmp_path, Secret("")).opens(password)
    assert ensure_password(tmp_path, Secret("")) == ""


def test_no_password_is_made_where_the_settings_have_one(tmp_path):
    assert ensure_password(tmp_path, Secret("from the environment")) == ""
    assert read_lock(tmp_path, Secret("")) is None


def test_addresses_and_password_are_told():
    lines = told(8080, "abc", ["192.168.1.7", "10.0.0.2"])
    assert [text for name, text in lines if name == "network"] == ["http://192.168.1.7:8080", "http://10.0.0.2:8080"]
    assert dict(lines)["password"].startswith("abc  (shown this once; ")
    assert "not encrypted" in dict(lines)["open"]
    assert "made before" in dict(told(8080, "", ["192.168.1.7"]))["password"]


def test_addresses_of_this_machine_alone_are_not_told():
    assert not [address for address in own_addresses() if address.startswith(("127.", "::1", "169.254."))]


def test_up_for_others_opens_the_pages_alone_and_tells_the_password(tmp_path, capsys):
    settings = load(SECTIONS, Sources(data_folder=tmp_path))
    pages, other = Child(command=("x",), port=8080, page=True), Child(command=("y",), port=9464)
    scene = Scene(
        invocation=Invocation(), settings=settings, table={"dashboard": pages, "monitor": other}, screen={},
        machine=Surroundings(settings=settings), browser=False, lan=True,
    )  # fmt: skip
    _open_to_others(scene)
    assert {name: child.host for name, child in scene.table.items()} == {"dashboard": "0.0.0.0", "monitor": "127.0.0.1"}
    password = capsys.readouterr().out.split("password")[1].split()[0]
    assert read_lock(tmp_path, Secret("")).opens(password)
