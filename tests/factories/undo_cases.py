"""How templates, protection and the trash are called with; a house that has something of each. Owns no assertions."""

from collections.abc import Callable
from typing import Any

from entrepot.core import deletion, repositories, templates, trash
from entrepot.core.templates import TemplateDraft
from entrepot.spec.repository import RepositoryKey
from tests.factories.callers import ACCOUNT, image_manifest, repository
from tests.factories.core_database import CoreDatabase

KEY, UNDONE, GONE = repository("one"), repository("undone"), repository("gone")
GONE_ID = "G0000000000000000000000000"
IMAGE = image_manifest([b"undone"])
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"

# use case -> its arguments after (tx, caller), for a repository of an account that is not the caller's
UNITS: dict[str, Callable[[RepositoryKey], tuple[Any, ...]]] = {
    "protection.get": lambda key: (key,),
    "protection.put": lambda key: (key,),
    "protection.require": lambda key: (key, "RestoreImage"),
    "restoring.restore": lambda key: (key, None, IMAGE.digest),
    "restoring.restore_image": lambda key: (key, None, IMAGE.digest),
    "restoring.restore_repository": lambda key: (key,),
    "template_roles.allow_role": lambda _: (ROLE,),
    "templates.create": lambda key: (key.registry, TemplateDraft("new", ("REPLICATION",))),
    "templates.allow_for": lambda key: (key, "PULL_THROUGH_CACHE"),
    "templates.create_for": lambda key: (key, "CREATE_ON_PUSH"),
    "templates.delete": lambda key: (key.registry, "prod"),
    "templates.describe": lambda key: (key.registry, None, 10, ""),
    "templates.update": lambda key: (key.registry, TemplateDraft("prod", description="text")),
    "trash.get_grace": lambda key: (key.registry,),
    "trash.list_of": lambda key: (key.registry, 10, ""),
    "trash.purge": lambda key: (key, "entry"),
    "trash.put_grace": lambda key: (key.registry, 60),
}
KEYWORDS: dict[str, dict[str, Any]] = {"protection.put": {"enabled": True}}
NEED_NO_REPOSITORY = {
    name for name in UNITS if name.startswith(("template", "trash.")) or name == "restoring.restore_repository"
}
# what is given a caller whose permission has been checked
RECORDERS = {"repositories.make", "trash.keep", "trash.keep_repository"}

# use case -> its arguments in a furnished house, the audit record's name, the events' action types
WRITES: dict[str, tuple[tuple[Any, ...], str, list[str]]] = {
    "protection.put": ((KEY,), "PutRepositoryProtection", []),
    "restoring.restore": ((UNDONE, None, IMAGE.digest), "RestoreImage", ["PUSH"] * 2),
    "restoring.restore_image": ((UNDONE, None, IMAGE.digest), "RestoreImage", ["PUSH"] * 2),
    "restoring.restore_repository": ((GONE,), "RestoreRepository", []),
    "templates.create": (UNITS["templates.create"](KEY), "CreateRepositoryCreationTemplate", []),
    "templates.create_for": ((repository("prod/app"), "CREATE_ON_PUSH"), "CreateRepository", []),
    "templates.delete": (UNITS["templates.delete"](KEY), "DeleteRepositoryCreationTemplate", []),
    "templates.update": (UNITS["templates.update"](KEY), "UpdateRepositoryCreationTemplate", []),
    "trash.purge": ((GONE, GONE_ID), "PurgeTrash", []),
    "trash.put_grace": ((KEY.registry, 60), "PutTrashConfiguration", []),
}
READS: dict[str, tuple[Any, ...]] = {name: UNITS[name](KEY) for name in UNITS if name not in WRITES}


def furnish(core: CoreDatabase) -> None:
    """A template, an image in the trash and a repository; what is deleted afterwards is gone at once."""
    core.write(templates.create, KEY.registry, TemplateDraft("prod", ("CREATE_ON_PUSH",)))
    core.write(trash.put_grace, KEY.registry, 60)
    core.repository(UNDONE.name)
    core.image(UNDONE, "u1", "u2", layers=(b"undone",))
    core.write(deletion.delete, UNDONE, IMAGE.digest)
    core.repository(GONE.name, id=GONE_ID)
    core.write(repositories.delete, GONE, force=True)
    core.write(trash.put_grace, KEY.registry, 0)
