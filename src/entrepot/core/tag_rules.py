"""What tags a thing of a service may have: well-formed ones, so many at most. Each service has an error of its own."""

from typing import NamedTuple

from entrepot.core.resource_tags import check_tags
from entrepot.core.resources import Tags
from entrepot.errors import ResourceTagInvalid


class TagRules(NamedTuple):
    """How many tags `thing` may have."""

    thing: str
    most: int

    def fault_of(self, tags: Tags, had: Tags = ()) -> str:
        """Why it cannot get these tags beside those that it has: too many, one that cannot be, a key that stands twice;
        '' where it can.
        """
        try:
            check_tags(tags)
        except ResourceTagInvalid as wrong:
            return str(wrong)
        return self.excess_of(max(len(tags), len({name for name, _ in (*had, *tags)})))

    def excess_of(self, number: int) -> str:
        """Why there cannot be so many; '' where there can."""
        return f"{self.thing} may have {self.most} tags at most." if number > self.most else ""
