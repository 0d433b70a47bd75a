"""The program: limits, and one picture within them."""

import resource
import sys

from entrepot.plotting.figure import drawn

CPU_SECONDS = 20
MEMORY_BYTES = 2 * 1024 * 1024 * 1024
_MOST_INPUT = 32 * 1024 * 1024
_MOST_OUTPUT = 10 * 1024 * 1024


def main() -> int:
    """Draw what standard input describes; 0 when it is on standard output."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    text = sys.stdin.buffer.read(_MOST_INPUT + 1)
    if len(text) > _MOST_INPUT:
        return 3
    picture = drawn(text)
    if len(picture) > _MOST_OUTPUT:
        return 4
    sys.stdout.buffer.write(picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
