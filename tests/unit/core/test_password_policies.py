"""What an account wants of passwords, by the clock."""

from dataclasses import replace
from datetime import timedelta

import pytest

from entrepot.core import password_policies
from entrepot.core.password_policies import DEFAULT
from entrepot.errors import PasswordRefused
from tests.factories.callers import EPOCH
from tests.factories.identity_cases import LOGIN

DAY = timedelta(days=1)


def test_who_is_too_late_cannot_change_a_password_where_expiry_is_hard():
    hard = replace(DEFAULT, max_age_days=30, hard_expiry=True)
    password_policies.require_in_time(hard, LOGIN, EPOCH + 30 * DAY - timedelta(seconds=1))
    with pytest.raises(PasswordRefused):
        password_policies.require_in_time(hard, LOGIN, EPOCH + 30 * DAY)
    password_policies.require_in_time(replace(hard, hard_expiry=False), LOGIN, EPOCH + 300 * DAY)
    password_policies.require_in_time(replace(hard, max_age_days=None), LOGIN, EPOCH + 300 * DAY)
