"""Functions of db/ called as units of their own."""

from typing import Any

from entrepot.db.database import Database


class Rows:
    """One unit a call: `rows.write(function, …)`, `rows.read(function, …)`."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def write(self, work: Any, *args: Any, **kwargs: Any) -> Any:
        """Run `work(tx, …)` as a write."""
        return self.database.submit(lambda tx: work(tx, *args, **kwargs)).result()

    def read(self, work: Any, *args: Any, **kwargs: Any) -> Any:
        """Run `work(tx, …)` as a read."""
        return self.database.read(lambda tx: work(tx, *args, **kwargs))
