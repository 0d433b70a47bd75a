"""What reads programs: all that may be known of one, in one pass over its bytes, which need not be held."""

from collections.abc import Iterable

from entrepot.scan.files import File, Reader
from entrepot.scan.packages import Package
from entrepot.scan.programs import texts
from entrepot.scan.programs.classifiers import is_library, searches
from entrepot.scan.programs.go import BuildInformation, is_noted
from entrepot.scan.programs.rust import Crates
from entrepot.scan.programs.segments import Segments
from entrepot.scan.programs.windows import Search, Window, windows

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
    segments = Segments(start)
    go = BuildInformation(start, segments)
    others: list[Search] = [*searches(file.path.rpartition("/")[2])]
    if not is_noted(start):
        others.append(Crates(start))
    for window in windows(file.chunks()):
        if segments.code(window.offset, window.offset + len(window.data)):
            continue
        if _looked(window, [go, *others]) or go.done:
            break
    for search in [go] if go.done else [go, *others]:  # what Go built is none of the others
        yield from search.packages(file.path)


def _looked(window: Window, looking: list[Search]) -> bool:
    """Whether all of them have what they look for, once they have seen the window."""
    for search in looking:
        if not search.done:
            search.see(window)
    return all(search.done for search in looking)


_PROGRAM = Reader(
    kind="program",
    read=_read,
    endings=(".so", *"0123456789"),  # libraries, whose names end with their versions
    wants=is_library,
    starts=_STARTS,
)

READERS = (_PROGRAM, texts.READER)
