"""The password: kept as a hash, compared, tried at a bounded rate."""

import stat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ollascope.web.guard.password import (
    FOLDER,
    KEY,
    PASSWORD,
    Tries,
    cookie_key,
    has_password,
    keep_password,
    make_password,
    read_lock,
)
from ollascope.words.errors import BadUsage, RateLimited
from ollascope.words.setting import Secret


@pytest.mark.parametrize("password", ["", "short", "x" * 257])
def test_password_that_is_too_short_or_too_long_is_refused(tmp_path, password):
    with pytest.raises(BadUsage):
        keep_password(tmp_path, password)
    assert not has_password(tmp_path)


def test_password_is_kept_as_a_hash_that_others_cannot_read(tmp_path):
    keep_password(tmp_path, "correct horse")
    path = tmp_path / FOLDER / PASSWORD
    assert path.read_text().startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert "horse" not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_lock_opens_with_its_password_alone(tmp_path):
    keep_password(tmp_path, "correct horse")
    lock = read_lock(tmp_path, Secret(""))
    assert lock.opens("correct horse")
    assert not any(map(lock.opens, ["", "correct hors", "correct horse ", "x" * 100_000, "Correct horse"]))


def test_password_of_the_settings_goes_before_the_one_that_was_made(tmp_path):
    keep_password(tmp_path, "correct horse")
    lock = read_lock(tmp_path, Secret("from the environment"))
    assert lock.opens("from the environment")
    assert not lock.opens("correct horse")


def test_spoilt_hash_opens_to_nobody(tmp_path):
    keep_password(tmp_path, "correct horse")
    (tmp_path / FOLDER / PASSWORD).write_text("spoilt")
    assert not read_lock(tmp_path, Secret("")).opens("correct horse")


def test_without_a_password_there_is_no_lock(tmp_path):
    assert read_lock(tmp_path, Secret("")) is None


def test_mark_of_a_session_is_of_its_password(tmp_path):
    keep_password(tmp_path, "correct horse")
    lock = read_lock(tmp_path, Secret(""))
    mark = lock.mark
    assert lock.knows(mark)
    assert not any(map(lock.knows, [None, "", 5, mark[:-1], "ä"]))
    keep_password(tmp_path, "correct horse")
    assert not lock.knows(mark)


def test_made_passwords_differ_and_are_long_enough():
    made = {make_password() for _ in range(200)}
    assert len(made) == 200
    assert all(len(password.replace("-", "")) == 20 for password in made)


def test_cookie_key_is_made_once_and_again_when_it_is_spoilt(tmp_path):
    key = cookie_key(tmp_path)
    assert cookie_key(tmp_path) == key
    assert len(key) == 64
    (tmp_path / FOLDER / KEY).write_text("x")
    assert cookie_key(tmp_path) not in {key, b"x"}


def test_one_address_cannot_use_up_the_attempts_of_another():
    tries = Tries(lambda: 0.0, most=2)
    tries.count("a")
    tries.count("a")
    with pytest.raises(RateLimited):
        tries.count("a")
    tries.count("b")


def test_many_addresses_together_are_bounded():
    tries = Tries(lambda: 0.0, most=2)
    for number in range(10):
        tries.count(str(number))
    with pytest.raises(RateLimited):
        tries.count("another")


@given(st.lists(st.floats(0, 30), min_size=1, max_size=60))
@settings(max_examples=50)
def test_never_more_attempts_within_the_time_than_allowed(pauses):
    now, passed = [0.0], []
    tries = Tries(lambda: now[0], most=3, within_s=60)
    for pause in pauses:
        now[0] += pause
        try:
            tries.count("a")
        except RateLimited:
            continue
        passed.append(now[0])
    assert all(sum(at - 60 < other <= at for other in passed) <= 3 for at in passed)
