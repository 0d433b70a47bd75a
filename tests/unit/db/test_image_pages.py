"""Pages of images, ids and referrers: from an index that begins where they do, whatever a filter leaves out."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from entrepot.db import accounts, image_pages, images, migrate, repositories, storage_classes, tags
from entrepot.db.compiled import CompiledTransaction, Compiler
from entrepot.db.records import Repository as StoredRepository
from entrepot.db.sqlite import connect, translated
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest
from entrepot.spec.reference import Tag
from entrepot.spec.repository import RegistryKey, RepositoryKey
from tests.factories.callers import EPOCH, image_manifest

COMPILE = Compiler(SQLiteDialect_pysqlite(paramstyle="qmark"))
KEY = RepositoryKey(RegistryKey("private", "000000000000", "us-east-1"), "many")
SUBJECT = Digest.of(b"subject")
PAGE = 5
Ask = Callable[[CompiledTransaction, str], Sequence[Any]]
# what is asked for, and how its rows look
RARE: dict[str, tuple[Ask, dict[str, Any]]] = {
    "untagged": (lambda tx, of: image_pages.page(tx, of, "UNTAGGED", "ACTIVE", "", PAGE), {"tagged": False}),
    "archived": (lambda tx, of: image_pages.page(tx, of, "ANY", "ARCHIVED", "", PAGE), {"archived": True}),
    "archived and tagged": (
        lambda tx, of: image_pages.page(tx, of, "TAGGED", "ARCHIVED", "", PAGE),
        {"archived": True},
    ),
    "untagged ids": (lambda tx, of: image_pages.ids_page(tx, of, "UNTAGGED", "ANY", ("", ""), PAGE), {"tagged": False}),
    "archived ids": (
        lambda tx, of: image_pages.ids_page(tx, of, "ANY", "ARCHIVED", ("", ""), PAGE),
        {"archived": True},
    ),
    "referrers of a type": (
        lambda tx, of: image_pages.referrers(tx, of, SUBJECT, ("text/rare",), "ACTIVE", "", PAGE),
        {"artifact_type": "text/rare"},
    ),
    "archived referrers": (
        lambda tx, of: image_pages.referrers(tx, of, SUBJECT, (), "ARCHIVED", "", PAGE),
        {"archived": True},
    ),
}


class Repository:
    """A repository whose images all refer to one subject."""

    def __init__(self, path: Path) -> None:
        self.connection = connect(path)
        self.tx = CompiledTransaction(self.connection, COMPILE, translated)
        self.connection.execute("BEGIN")
        accounts.add(self.tx, "000000000000", "default", 1, EPOCH)
        self.id = "repository"
        encryption = {"encryptionType": "AES256"}
        new = StoredRepository(self.id, KEY, "MUTABLE", (), False, encryption, 1, 1, EPOCH)
        repositories.add(self.tx, new)
        self.number = 0

    def add(
        self, count: int, *, tagged: bool = True, archived: bool = False, artifact_type: str = "text/often"
    ) -> list[Manifest]:
        made = []
        for _ in range(count):
            self.number += 1
            subject = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": SUBJECT, "size": 7}
            each = image_manifest([], b"%d" % self.number, subject=subject, artifactType=artifact_type)
            images.add(self.tx, self.id, each.digest, each, 0, EPOCH)
            if tagged:
                tags.point(self.tx, self.id, Tag(f"t{self.number}"), each.digest, EPOCH)
            if archived:
                storage_classes.archive(self.tx, self.id, each.digest, EPOCH)
            made.append(each)
        return made

    def steps(self, ask: Ask) -> int:
        """Instructions of SQLite's machine that an answer takes."""
        ask(self.tx, self.id)
        taken = 0

        def step() -> int:
            nonlocal taken
            taken += 1
            return 0

        self.connection.set_progress_handler(step, 1)
        ask(self.tx, self.id)
        self.connection.set_progress_handler(None, 0)
        return taken


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pages") / "empty.db"
    migrate.upgrade(path)
    return path


@pytest.fixture
def repository(tmp_path: Path, empty: Path) -> Iterator[Repository]:
    path = tmp_path / "a.db"
    shutil.copy(empty, path)
    made = Repository(path)
    yield made
    made.connection.close()


@pytest.mark.parametrize("name", RARE)
def test_what_a_filter_leaves_out_costs_nothing(repository: Repository, name: str):
    ask, looks = RARE[name]
    rare = repository.add(PAGE + 2, **looks)
    repository.add(20)
    before = repository.steps(ask)
    repository.add(200)
    assert repository.steps(ask) <= before + 20  # a level more of an index at most
    assert {row[0] for row in ask(repository.tx, repository.id)} < {each.digest for each in rare}
    assert len(ask(repository.tx, repository.id)) == PAGE


@pytest.mark.parametrize("tagged", ["ANY", "TAGGED", "UNTAGGED"])
@pytest.mark.parametrize("status", ["ANY", "ACTIVE", "ARCHIVED"])
def test_every_page_together_is_everything_once_in_order(repository: Repository, tagged: str, status: str):
    expected = {
        (is_tagged, archived): [each.digest for each in repository.add(4, tagged=is_tagged, archived=archived)]
        for is_tagged in (True, False)
        for archived in (True, False)
    }
    wanted = sorted(
        digest
        for (is_tagged, archived), digests in expected.items()
        for digest in digests
        if tagged in ("ANY", "TAGGED" if is_tagged else "UNTAGGED")
        and status in ("ANY", "ARCHIVED" if archived else "ACTIVE")
    )
    found: list[str] = []
    while rows := image_pages.page(repository.tx, repository.id, tagged, status, found[-1] if found else "", 3):
        found += [row.digest for row in rows]
    assert found == wanted
    ids: list[tuple[str, str | None]] = []
    after = ("", "")
    while page := image_pages.ids_page(repository.tx, repository.id, tagged, status, after, 3):
        ids += page
        after = (page[-1][0], page[-1][1] or "")
    assert [digest for digest, _ in ids] == wanted


def test_referrers_of_several_types_and_of_any_status_are_one_list_in_order(repository: Repository):
    wanted = [
        *repository.add(4, artifact_type="text/one"),
        *repository.add(4, artifact_type="text/two", archived=True),
        *repository.add(4, artifact_type="text/one", archived=True),
    ]
    repository.add(4, artifact_type="text/three")
    found: list[str] = []
    types = ("text/two", "text/one", "text/two")
    while rows := image_pages.referrers(
        repository.tx, repository.id, SUBJECT, types, "ANY", found[-1] if found else "", 5
    ):
        found += [row.digest for row in rows]
    assert found == sorted(each.digest for each in wanted)


def test_pages_are_read_from_the_index_that_holds_what_they_show(repository: Repository):
    listed = "COVERING INDEX ix_manifest_listed (repository_id=? AND is_tagged=? AND status=? AND digest>?)"
    named = "COVERING INDEX ix_tag_digest (repository_id=? AND digest=?)"
    of_type = (
        "INDEX ix_manifest_artifact_type (repository_id=? AND subject=? AND artifact_type=? AND status=? AND digest>?)"
    )
    for statement, used in {
        image_pages.PAGE: [listed, named],
        image_pages.IDS_PAGE: [listed, named],
        image_pages.REFERRERS[False]: [
            "INDEX ix_manifest_subject (repository_id=? AND subject=? AND status=? AND digest>?)"
        ],
        image_pages.REFERRERS[True]: [of_type],
        tags.PAGE: [
            "INDEX sqlite_autoindex_tag_1 (repository_id=? AND name>?)",
            "INDEX ix_manifest_stored_away (repository_id=? AND digest>? AND digest<?)",
        ],
    }.items():
        compiled = COMPILE(statement)
        plan = repository.connection.execute(f"EXPLAIN QUERY PLAN {compiled.sql}", [None] * len(compiled.parameters))
        searches = [row[3] for row in plan.fetchall() if row[3].startswith(("SEARCH", "SCAN", "USE TEMP"))]
        assert [search.partition("USING ")[2] for search in searches] == used


def test_an_image_is_tagged_for_as_long_as_a_tag_points_at_it(repository: Repository):
    tx, of = repository.tx, repository.id
    one, two = repository.add(2, tagged=False)

    def tagged() -> list[str]:
        return [row.digest for row in image_pages.page(tx, of, "TAGGED", "ANY", "", 9)]

    assert tagged() == []
    tags.point(tx, of, Tag("a"), one.digest, EPOCH)
    tags.point(tx, of, Tag("b"), one.digest, EPOCH)
    tags.point(tx, of, Tag("a"), two.digest, EPOCH)
    assert tagged() == sorted([one.digest, two.digest])
    tags.point(tx, of, Tag("b"), two.digest, EPOCH)
    assert tagged() == [two.digest]
    assert image_pages.tags_of(image_pages.page(tx, of, "TAGGED", "ANY", "", 9)[0].tags) == ("a", "b")
    assert tags.remove(tx, of, "a")
    assert tagged() == [two.digest]
    tags.point(tx, of, Tag("c"), two.digest, EPOCH)
    tags.remove_of_image(tx, of, two.digest)
    assert tagged() == []
