"""All readers of languages."""

from typing import Final

from entrepot.scan.files import Reader
from entrepot.scan.languages import dotnet, java, npm, php, python, ruby, sboms

READERS: Final[tuple[Reader, ...]] = (
    *python.READERS,
    *npm.READERS,
    *java.READERS,
    *ruby.READERS,
    *php.READERS,
    *dotnet.READERS,
    *sboms.READERS,
)
