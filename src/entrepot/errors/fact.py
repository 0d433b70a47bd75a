"""The root of the error tree."""

from typing import ClassVar


class Fact(Exception):
    """Something that is wrong, with the values that show it.

    Subclasses set `text`, a format string over their keyword fields; the fields are attributes too. What a request
    holds need not be UTF-8, and what is told of it is.
    """

    text: ClassVar[str] = "{reason}"

    def __init__(self, **fields: object) -> None:
        self.fields = fields
        super().__init__(_as_text(self.text.format_map(fields)))

    @property
    def details(self) -> dict[str, str]:
        """The fields, as text."""
        return {name: _as_text(str(value)) for name, value in self.fields.items()}

    def __getattr__(self, name: str) -> object:
        try:
            return self.__dict__["fields"][name]
        except KeyError:
            raise AttributeError(name) from None


def _as_text(value: str) -> str:
    return value.encode("utf-8", "replace").decode()
