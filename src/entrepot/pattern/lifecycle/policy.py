"""What a lifecycle policy says, once it is read (ECR user guide, "Lifecycle policy properties").

`scope`, `children` and some combinations are this server's own (docs/decisions/0027).
"""

from dataclasses import dataclass
from typing import Literal

TagStatus = Literal["tagged", "untagged", "any"]
StorageClass = Literal["standard", "archive"]
CountType = Literal["imageCountMoreThan", "sinceImagePushed", "sinceImagePulled", "sinceImageTransitioned"]
COUNT: CountType = "imageCountMoreThan"
PUSHED: CountType = "sinceImagePushed"
PULLED: CountType = "sinceImagePulled"
TRANSITIONED: CountType = "sinceImageTransitioned"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `patterns` must each be met by one of an image's tags; `number` is a count, or days.

    `by_tag`: what is expired are the tags that meet the patterns, and the image with its last one. `with_children`: an
    index takes along what it alone names.
    """

    priority: int
    description: str | None
    tag_status: TagStatus
    patterns: tuple[str, ...]
    are_prefixes: bool
    storage_class: StorageClass
    count_type: CountType
    number: int
    archives: bool
    by_tag: bool = False
    with_children: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules in the order of their priority, and the text as it is shown: without white space, rules in that order."""

    rules: tuple[Rule, ...]
    text: str
