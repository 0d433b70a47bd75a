"""The root of the error tree."""

from typing import ClassVar


class Fact(Exception):
    """Something that is wrong, with the values that show it.

    Subclasses set `text`, a format string over their keyword fields; the fields are attributes too.
    """

    text: ClassVar[str] = "{reason}"

    def __init__(self, **fields: object) -> None:
        self.fields = fields
        super().__init__(self.text.format_map(fields))

    def __getattr__(self, name: str) -> object:
        try:
            return self.__dict__["fields"][name]
        except KeyError:
            raise AttributeError(name) from None
