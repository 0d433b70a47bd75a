"""ARNs of what EventBridge has (Service Authorization Reference, Amazon EventBridge, "Resource types")."""

import re

import msgspec

DEFAULT_BUS = "default"
_ARN = re.compile(r"arn:aws:events:([a-z0-9-]{2,25}):([0-9]{12}):([a-z-]+)/(.+)", re.DOTALL)
_ALARM_ACTIONS = re.compile(r"arn:aws:cloudwatch:([a-z0-9-]{2,25}):([0-9]{12}):alarm-actions")
_BUS_NAME = re.compile(r"[/.\-_A-Za-z0-9]{1,256}")


class EventKey(msgspec.Struct, frozen=True):
    """Something of EventBridge by its ARN; it need not exist. `kind` is event-bus, rule, archive, ..."""

    account: str
    region: str
    kind: str
    name: str  # all that follows the kind: of a rule on a bus that is not the default one `bus/rule`

    @property
    def arn(self) -> str:
        """The Amazon Resource Name."""
        return f"arn:aws:events:{self.region}:{self.account}:{self.kind}/{self.name}"

    @property
    def rule(self) -> tuple[str, str]:
        """(bus, rule) of a rule."""
        bus, slash, name = self.name.rpartition("/")
        return (bus, name) if slash else (DEFAULT_BUS, name)


class BusKey(msgspec.Struct, frozen=True):
    """An event bus by name; it need not exist."""

    account: str
    region: str
    name: str

    @property
    def arn(self) -> str:
        """The Amazon Resource Name."""
        return f"arn:aws:events:{self.region}:{self.account}:event-bus/{self.name}"

    def rule_arn(self, rule: str) -> str:
        """The ARN of a rule of this bus."""
        return rule_arn(self.account, self.region, self.name, rule)


def parse(arn: str) -> EventKey | None:
    """What an ARN names, None for one that is not EventBridge's."""
    match = _ARN.fullmatch(arn)
    return None if match is None else EventKey(match[2], match[1], match[3], match[4])


def bus_of(arn: str) -> BusKey | None:
    """The event bus that an ARN names, None for an ARN of anything else."""
    key = parse(arn)
    if key is None or key.kind != "event-bus" or not _BUS_NAME.fullmatch(key.name):
        return None
    return BusKey(key.account, key.region, key.name)


def rule_arn(account: str, region: str, bus: str, name: str) -> str:
    """The ARN of a rule."""
    return EventKey(account, region, "rule", name if bus == DEFAULT_BUS else f"{bus}/{name}").arn


def alarm_actions_of(account: str, region: str) -> str:
    """What stands for a rule where the actions of CloudWatch alarms are delivered: they have none."""
    return f"arn:aws:cloudwatch:{region}:{account}:alarm-actions"


def alarm_actions_in(arn: str) -> tuple[str, str] | None:
    """The account and region of `alarm_actions_of`, None for the ARN of anything else."""
    match = _ALARM_ACTIONS.fullmatch(arn)
    return None if match is None else (match[2], match[1])
