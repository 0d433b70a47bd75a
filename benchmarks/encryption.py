"""What a key of KMS costs: one large blob pushed and pulled, plain and encrypted, by one server."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from benchmarks import load, seeding
from benchmarks.report import Row
from benchmarks.servers import OURS, Entrepot, Running

_KINDS = {"plain": "bench/plain", "KMS": "bench/encrypted"}


def rows(server: Running, size: int, turns: Callable[[Sequence[Running], str], Iterable[Running]]) -> Iterator[Row]:
    """Server CPU and wall time of each, a turn of both at a time."""
    assert isinstance(server, Entrepot)
    server.create(_KINDS["plain"])
    server.client.create_repository(repositoryName=_KINDS["KMS"], encryptionConfiguration={"encryptionType": "KMS"})
    paths = {kind: seeding.one_blob(server, repository, size) for kind, repository in _KINDS.items()}
    found = {
        (what, kind): (
            Row(f"{what} of one large blob, {kind}, server CPU", "CPU s/GB", lower_is_better=True),
            Row(f"{what} of one large blob, {kind}, wall", "GB/s", lower_is_better=False),
        )
        for what in ("push", "pull")
        for kind in _KINDS
    }
    for each in turns([server], "encryption"):
        for (what, kind), (row, wall) in found.items():
            flags = ["-path", paths[kind]] if what == "pull" else ["-repo", _KINDS[kind], "-size", str(size)]
            done = load.run(each, what, *flags, pinned=True)
            row.add(OURS, done.cpu_per_gb)
            wall.add(OURS, size / 1e9 / done.seconds)
    for pair in found.values():
        yield from pair
