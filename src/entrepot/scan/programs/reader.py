"""What reads programs: all that may be known of one, in one pass over its bytes, which need not be held."""

from collections.abc import Iterable

from entrepot.scan.files import File, Reader
from entrepot.scan.packages import Package
from entrepot.scan.programs import texts
from entrepot.scan.programs.classifiers import is_library, searches
from entrepot.scan.programs.go import BuildInformation, is_noted
from entrepot.scan.programs.rust import Crates
from entrepot.scan.programs.windows import Search, windows

_STARTS = (
    b"\x7fELF",
    b"MZ",  # Windows
    b"\xcf\xfa\xed\xfe",  # macOS
)


def _read(file: File) -> Iterable[Package]:
    """The modules, the crates and the program itself, as far as it tells."""
    start = file.start(4096)
    if not start.startswith(_STARTS):
        return
    go = BuildInformation(start)
    looking: list[Search] = [go, *searches(file.path.rpartition("/")[2])]
    if not is_noted(start):
        looking.append(Crates(start))
    found: list[Search] = []
    for window in windows(file.chunks()):
        for search in looking:
            search.see(window)
        found += [search for search in looking if search.done]
        looking = [search for search in looking if not search.done and not (go.done and isinstance(search, Crates))]
        if not looking:
            break
    for search in found + looking:  # one that is not sure yet may have found something
        yield from search.packages(file.path)


_PROGRAM = Reader(
    kind="program",
    read=_read,
    endings=(".so", *"0123456789"),  # libraries, whose names end with their versions
    wants=is_library,
    starts=_STARTS,
)

READERS = (_PROGRAM, texts.READER)
