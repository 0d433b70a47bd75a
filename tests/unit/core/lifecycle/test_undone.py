"""Lifecycle policies, protection and the trash: what is protected does not expire, what expired comes back."""

import pytest

from entrepot.core import protection, restoring, templates, trash
from entrepot.core.lifecycle import policies
from entrepot.core.lifecycle.registry_settings import EXTENSIONS
from entrepot.core.templates import TemplateDraft
from entrepot.db import repositories
from tests.factories.callers import caller, registry, repository
from tests.factories.lifecycle import rule, text
from tests.factories.lifecycle_house import HOUR, KEEP_ONE, KEY, House

UNTAG = text(rule(1, 1, ["v*"], {"type": "expire", "scope": "tag"}))


def test_nothing_of_a_protected_repository_expires_until_it_is_protected_no_more(house: House):
    first, second = house.images("a", "b")
    house.put(KEEP_ONE)
    house.core.write(protection.put, KEY, enabled=True)
    assert house.run() == {}
    assert house.digests() == {first.digest, second.digest}
    assert house.told("PolicyExecutionEvent") == []
    house.core.write(protection.put, KEY, enabled=False)
    house.now += HOUR
    assert house.run() == {"expired": 1}
    assert house.digests() == {second.digest}


def test_what_expired_comes_back_from_the_trash(house: House):
    house.core.write(trash.put_grace, registry(), 3600)
    first, second = house.images("a", "b")
    house.put(KEEP_ONE)
    assert house.run() == {"expired": 1}
    who = caller(at=house.now)
    (back,) = house.core.write(restoring.restore_image, KEY, None, first.digest, who=who)
    assert back.tags == ("a",)
    assert house.digests() == {first.digest, second.digest}


@pytest.mark.parametrize(("policy", "extended"), [(KEEP_ONE, False), (UNTAG, True)])
def test_a_repository_made_of_a_template_follows_its_policy_whatever_is_set_since(house: House, policy, extended):
    house.set(EXTENSIONS, "ENABLED")
    house.core.write(templates.create, registry(), TemplateDraft("made", ("REPLICATION",), lifecycle_policy=policy))
    house.set(EXTENSIONS, "DISABLED")
    house.core.write(templates.create_for, repository("made/app"), "REPLICATION")
    found = house.core.row(repositories.find, repository("made/app"))
    assert house.core.row(policies.require, found).extended == extended
    assert house.run() == {}
