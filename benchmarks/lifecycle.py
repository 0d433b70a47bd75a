"""What a lifecycle policy takes to be held against a million images, on one core.

The floor is what any evaluation does at least: the images are put in the order of their age.
"""

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from operator import itemgetter
from typing import Any

from benchmarks.report import Gate, Row
from benchmarks.servers import FLOOR, OURS
from entrepot.pattern.lifecycle.evaluation import DAY, evaluate
from entrepot.pattern.lifecycle.reading import parse
from entrepot.pattern.lifecycle.records import Record

IMAGES = 1_000_000
LIMIT_SECONDS = 10.0
_AGES = 400  # days
_EXPIRE = {"type": "expire"}
_ARCHIVE = {"type": "transition", "targetStorageClass": "archive"}


def rows(repeat: int, images: int = IMAGES) -> Iterator[Row]:
    """One row: five rules of all kinds; the gate is of a million images."""
    records, policy = _records(images), parse(_policy(images))
    row = Row(f"a lifecycle policy of 5 rules over {images} images", "s", lower_is_better=True)
    row.gates = [Gate("", 0, limit=LIMIT_SECONDS)] if images >= IMAGES else []
    for _ in range(repeat):
        row.add(OURS, _time(lambda: evaluate(policy, records, _AGES * DAY)))
        row.add(FLOOR, _time(lambda: sorted(records, key=itemgetter(2))))
    yield row


def _time(work: Callable[[], object]) -> float:
    """Seconds of this process's CPU."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _records(images: int) -> list[Record]:
    """A quarter without tags, some with several, a hundredth indexes over two others, a hundredth referrers."""
    chance = random.Random(1)
    found = []
    for number in range(images):
        digest, pushed_at = _digest(number), chance.randrange(_AGES * DAY)
        words = ("", f"prod-{number}", f"dev-{number}", f"v{number % 90}.{number}")
        tags = (words[number % 4],) if number % 4 else ()
        if number % 8 == 1:
            tags = (*tags, f"sha-{number:x}")
        children = (_digest(number - 1), _digest(number - 2)) if number % 100 == 50 else ()
        subject = _digest(number - 3) if number % 100 == 77 else None
        found.append(Record(digest, tags, pushed_at, subject=subject, children=children))
    return found


def _digest(number: int) -> str:
    return f"sha256:{number:064x}"


def _policy(images: int) -> str:
    rules = [
        _rule(1, "untagged", {"countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14}),
        _rule(2, ["prod*"], {"countType": "imageCountMoreThan", "countNumber": max(images // 100, 1)}),
        _rule(3, ["*-1*"], {"countType": "sinceImagePulled", "countUnit": "days", "countNumber": 30}, _ARCHIVE),
        _rule(4, ["dev*", "*e*"], {"countType": "sinceImagePushed", "countUnit": "days", "countNumber": 60}),
        _rule(5, "any", {"countType": "imageCountMoreThan", "countNumber": max(images // 10, 1)}),
    ]
    return json.dumps({"rules": rules})


def _rule(priority: int, tags: Any, count: Mapping[str, Any], action: Mapping[str, str] = _EXPIRE) -> dict[str, Any]:
    named = {"tagStatus": tags} if isinstance(tags, str) else {"tagStatus": "tagged", "tagPatternList": tags}
    return {"rulePriority": priority, "selection": {**named, **count}, "action": action}
