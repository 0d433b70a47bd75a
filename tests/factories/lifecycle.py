"""Lifecycle policies, and images as these see them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from entrepot.pattern.lifecycle.evaluation import DAY, evaluate
from entrepot.pattern.lifecycle.policy import Policy
from entrepot.pattern.lifecycle.reading import parse
from entrepot.pattern.lifecycle.records import Record

NOW = 1000 * DAY
EXPIRE = {"type": "expire"}
ARCHIVE = {"type": "transition", "targetStorageClass": "archive"}


def rule(priority: int, count: Any, tags: Any = "any", action: Mapping[str, Any] = EXPIRE, **more: Any) -> Any:
    """A rule: `count` is a number of images, or a countType and days; `tags` are patterns, or a tagStatus."""
    selection: dict[str, Any] = {"tagStatus": tags} if isinstance(tags, str) else {"tagStatus": "tagged"}
    if not isinstance(tags, str):
        selection["tagPatternList"] = list(tags)
    if isinstance(count, int):
        selection |= {"countType": "imageCountMoreThan", "countNumber": count}
    else:
        selection |= {"countType": count[0], "countUnit": "days", "countNumber": count[1]}
    return {"rulePriority": priority, "selection": selection | more, "action": dict(action)}


def text(*rules: Any) -> str:
    return json.dumps({"rules": rules})


def policy(*rules: Any) -> Policy:
    """With this server's own properties too."""
    return parse(text(*rules), extended=True)


def image(name: str, days: float, *tags: str, **more: Any) -> Record:
    """An image that was pushed so many days ago."""
    return Record(name, tags, int(NOW - days * DAY), **more)


def expired(read: Policy, images: Sequence[Record], spared: Sequence[str] = ()) -> str:
    """The names of the images that expire, in alphabetical order."""
    actions = evaluate(read, images, NOW, frozenset(spared)).actions
    return "".join(sorted(action.record.digest for action in actions if action.kind == "EXPIRE"))
