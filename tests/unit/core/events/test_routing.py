"""From the outbox and the inbox to deliveries: nothing lost, nothing twice, each event to those who want it."""

import json
from datetime import timedelta

import pytest

from entrepot.core.events import accepting, rules
from entrepot.core.events.accepting import Envelope
from entrepot.core.events.routing import Router
from entrepot.db import event_deliveries, outbox
from entrepot.spec.moments import micros
from tests.factories.callers import ACCOUNT, REGION
from tests.factories.event_world import EventWorld
from tests.factories.origins import Origin


def targets(world: EventWorld) -> list[str]:
    return [row.target.rpartition("/")[2].split(" ")[0] for row in world.deliveries()]


def test_outbox_rows_go_when_their_events_are_deliveries_and_not_before(world: EventWorld, hook: Origin, monkeypatch):
    world.rule("all", world.webhook("hook", hook.url()), pattern='{"source": ["aws.ecr"]}')
    world.core.image(world.core.repository(), "v1", "v2")
    with monkeypatch.context() as broken:
        broken.setattr(outbox, "remove", lambda *_: (_ for _ in ()).throw(OSError("gone")))
        with pytest.raises(OSError, match="gone"):
            world.route()
    assert len(world.core.outbox()) == 2
    assert world.waiting() == 2
    assert world.route() == 2  # routed again: they are known
    assert world.core.outbox() == []
    assert world.waiting() == 2


def test_deliveries_of_a_repository_stand_in_the_order_of_its_changes(world: EventWorld, hook: Origin):
    world.rule("all", world.webhook("hook", hook.url()), pattern='{"source": ["aws.ecr"]}')
    keys = [world.core.repository(name) for name in ("aa", "bb")]
    for number in range(3):
        for key in keys:
            world.core.image(key, f"v{number}", layers=[str(number).encode()])
    world.route()
    told = [json.loads(row.body)["detail"] for row in world.deliveries()]
    for name in ("aa", "bb"):
        assert [each["image-tag"] for each in told if each["repository-name"] == name] == ["v0", "v1", "v2"]
    due = [row.due_at == event_deliveries.BEHIND for row in world.deliveries()]
    assert due.count(False) == 2  # the first of each repository


def test_an_event_that_is_accepted_twice_is_one(world: EventWorld, hook: Origin):
    world.rule("all", world.webhook("hook", hook.url()))
    event = Envelope("11111111-1111-8111-8111-111111111111", "T", "s", ACCOUNT, REGION, 1, [], {})
    now = micros(world.now())
    assert world.units.write(accepting.accept, event, at=now)
    assert not world.units.write(accepting.accept, event, at=now)
    world.route()
    assert not world.units.write(accepting.accept, event, at=now)
    world.route()
    assert world.waiting() == 1


@pytest.mark.parametrize(("reads", "wanted"), [(True, ["everything"]), (False, ["everything", "writes"])])
def test_calls_that_only_read_are_for_rules_that_ask_for_them(world: EventWorld, hook: Origin, reads, wanted):
    target = world.webhook("hook", hook.url())
    world.rule("writes", target)
    world.rule("everything", target, state="ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")
    world.rule("never", target, state="DISABLED")
    call = Envelope(
        "11111111-1111-8111-8111-111111111111",
        "AWS API Call via CloudTrail",
        "aws.ecr",
        ACCOUNT,
        REGION,
        1,
        [],
        {"readOnly": reads},
    )
    world.units.write(accepting.accept, call)
    world.route()
    assert sorted(targets(world)) == wanted


def test_a_changed_rule_counts_for_what_comes_after_it(world: EventWorld, hook: Origin):
    world.rule("all", world.webhook("hook", hook.url()))
    world.send({"n": 1})
    world.route()
    world.core.write(rules.disable, "default", "all")
    world.send({"n": 2})
    world.route()
    assert [json.loads(row.body)["detail"]["n"] for row in world.deliveries()] == [1]


def test_events_of_another_account_and_region_are_not_ours(world: EventWorld, hook: Origin):
    world.rule("all", world.webhook("hook", hook.url()))
    for account, region in (("111122223333", REGION), (ACCOUNT, "eu-west-1")):
        event = Envelope(f"11111111-1111-8111-8111-{account}", "T", "s", account, region, 1, [], {})
        world.units.write(accepting.accept, event)
    world.route()
    assert world.waiting() == 0


def test_more_events_than_a_batch_of_many_repositories_all_pass(world: EventWorld, hook: Origin):
    world.rule("all", world.webhook("hook", hook.url()))
    for number in range(450):
        world.send({"n": number}, order_key=f"r{number % 7}")
    assert world.route() == 450
    assert world.waiting() == 450


def test_what_was_taken_is_forgotten_after_an_hour_but_not_while_the_outbox_may_still_hold_it(world, monkeypatch):
    world.core.image(world.core.repository(), "v1")
    with monkeypatch.context() as broken:
        broken.setattr(outbox, "remove", lambda *_: (_ for _ in ()).throw(OSError("gone")))
        with pytest.raises(OSError, match="gone"):
            world.route()
    later = world.now() + timedelta(hours=2)
    router = Router(world.metadata_units, world.units, world.measured)
    assert router.prune(micros(later)) == 0  # nothing has been routed by this one
    router.route(micros(later))
    assert world.core.outbox() == []
    assert router.prune(micros(later) + 3600 * 1_000_000) == 1
