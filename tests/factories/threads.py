"""Work in many threads at once."""

import threading
from collections.abc import Callable

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
