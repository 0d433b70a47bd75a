"""Passwords of people: stored with a salt, under argon2id, and compared whole."""

import pytest

from entrepot.seal import passwords

PASSWORD = "correct horse battery"


def test_a_password_fits_what_was_stored_of_it_and_no_other():
    stored = passwords.hashed(PASSWORD)
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored
    assert passwords.fits(stored, PASSWORD)
    for wrong in ("", PASSWORD[:-1], PASSWORD + " ", PASSWORD.upper()):
        assert not passwords.fits(stored, wrong)


def test_two_users_of_one_password_store_different_texts():
    assert passwords.hashed(PASSWORD) != passwords.hashed(PASSWORD)


@pytest.mark.parametrize("stored", ["", "plain", "$argon2id$", PASSWORD])
def test_nothing_fits_what_is_no_hash(stored: str):
    assert not passwords.fits(stored, PASSWORD)
