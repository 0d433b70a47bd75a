"""What tags a thing of a service may have: well-formed ones, so many at most, refused by the service's own error."""

from collections.abc import Sequence
from dataclasses import dataclass

from entrepot.core.resource_tags import check_tags
from entrepot.core.resources import Tags
from entrepot.errors import Fact, ResourceTagInvalid


@dataclass(frozen=True, slots=True)
class TagRules:
    """How many tags `thing` may have; the error, which takes a `reason`, that refuses others."""

    thing: str
    most: int
    error: type[Fact]

    def check(self, tags: Tags) -> None:
        """The error for too many tags, one that cannot be, or a key that stands twice."""
        try:
            check_tags(tags)
        except ResourceTagInvalid as wrong:
            raise self.error(reason=str(wrong)) from None
        self.check_number(len(tags))

    def check_added(self, had: Sequence[tuple[str, str]], tags: Tags) -> None:
        """The same of tags that come to those that it has."""
        self.check(tags)
        self.check_number(len({name for name, _ in (*had, *tags)}))

    def check_number(self, number: int) -> None:
        """The error for more than there may be."""
        if number > self.most:
            raise self.error(reason=f"{self.thing} may have {self.most} tags at most.")
