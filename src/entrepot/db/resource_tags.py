"""AWS tags: rows of `resource_tag`, which are a repository's, and of the tables that other services have for theirs."""

from collections.abc import Sequence

from sqlalchemy import Table, TextClause, bindparam, delete, select, text

from entrepot.db.database import Reader, Transaction
from entrepot.db.schema import resource_tag


class Tags:
    """The tags of what the column `owner` names; `put` adds a row, or sets the value of the one that is there."""

    def __init__(self, table: Table, owner: str, put: TextClause) -> None:
        of = table.c[owner] == bindparam("of")
        self._list = select(table.c.key, table.c.value).where(of).order_by(table.c.key)
        self._put = put
        self._remove = delete(table).where(of, table.c.key == bindparam("tag_key"))
        self._remove_all = delete(table).where(of)

    def list_of(self, tx: Reader, owner: str) -> Sequence[tuple[str, str]]:
        """(key, value) pairs, by key."""
        return [(row.key, row.value) for row in tx.all(self._list, of=owner)]

    def put(self, tx: Transaction, owner: str, key: str, value: str) -> None:
        """Set one tag."""
        tx.run(self._put, of=owner, key=key, value=value)

    def put_all(self, tx: Transaction, owner: str, tags: Sequence[tuple[str, str]]) -> None:
        """Set several."""
        for key, value in tags:
            self.put(tx, owner, key, value)

    def remove(self, tx: Transaction, owner: str, key: str) -> None:
        """Remove one tag; absent is fine."""
        tx.run(self._remove, of=owner, tag_key=key)

    def remove_all(self, tx: Transaction, owner: str) -> None:
        """Remove every tag of what is removed."""
        tx.run(self._remove_all, of=owner)


_OF_REPOSITORIES = Tags(
    resource_tag,
    "repository_id",
    text(
        "INSERT INTO resource_tag (repository_id, key, value) VALUES (:of, :key, :value) "
        "ON CONFLICT (repository_id, key) DO UPDATE SET value = excluded.value"
    ),
)
list_of, put = _OF_REPOSITORIES.list_of, _OF_REPOSITORIES.put
remove, remove_all = _OF_REPOSITORIES.remove, _OF_REPOSITORIES.remove_all
