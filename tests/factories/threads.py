"""Work in many threads at once."""

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator

SECONDS = 20.0  # by when anything that is waited for has happened


def together(threads: int, work: Callable[[int], object]) -> None:
    """Run `work` in threads that start at one moment; what any raised is raised here."""
    barrier, faults = threading.Barrier(threads), list[BaseException]()

    def run(number: int) -> None:
        try:
            barrier.wait(SECONDS)
            work(number)
        except BaseException as error:  # noqa: BLE001 - raised below, in the caller's thread
            faults.append(error)

    started = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    if faults:
        raise faults[0]


@contextlib.contextmanager
def at_work(works: Iterable[Callable[[threading.Event], object]]) -> Iterator[None]:
    """Each in a thread of its own while the body runs; what they are given is set when they are to end."""
    stop = threading.Event()
    threads = [threading.Thread(target=work, args=(stop,)) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
