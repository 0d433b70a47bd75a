"""The first push to a repository that nobody has made: a creation template may say that it is created then.

Whoever brings something (an upload, a mount, a manifest) comes through here before it is looked up; reads do not.
"""

from entrepot.core import access, templates
from entrepot.core.access import Caller
from entrepot.core.hot import Hot
from entrepot.core.lookup import present
from entrepot.core.units import Units
from entrepot.db.records import Repository
from entrepot.errors import ParameterInvalid, RepositoriesTooMany, RepositoryAlreadyExists
from entrepot.spec.repository import RepositoryKey


class FirstPushes:
    """Repositories that are pushed to, of one event loop."""

    def __init__(self, units: Units, hot: Hot) -> None:
        self._units = units
        self._hot = hot

    async def require(self, caller: Caller, key: RepositoryKey, operation: str) -> Repository:
        """The repository, for a caller who may do `operation` to it, created now where a template says so.

        AccessDenied (of CreateRepository too, where a template applies), TemplateRoleUnusable, RepositoryNotFound.
        """
        found = self._hot.repository(key)
        access.require(caller, operation, self._hot.resource(key, found))
        return found if found is not None else await self._created(caller, key)

    async def require_put(self, caller: Caller, key: RepositoryKey, tag: str, digest: str) -> Repository:
        """The same for a caller who is to put an image under this name ('' where it has none)."""
        found = self._hot.repository(key)
        access.require_put(caller, self._hot.resource(key, found), tag, digest)
        return found if found is not None else await self._created(caller, key)

    async def _created(self, caller: Caller, key: RepositoryKey) -> Repository:
        """Of many at once one creates it."""
        if await self._units.read(templates.match, key, "CREATE_ON_PUSH") is None:
            return present(self._hot.repository(key), key)
        try:
            made = await self._units.write(templates.create_for, caller, key, "CREATE_ON_PUSH")
        except RepositoryAlreadyExists:
            made = self._hot.repository(key)
        except RepositoriesTooMany as fact:
            if caller.door == "oci":
                raise
            # operations on layers have no word for it
            raise ParameterInvalid(parameter="repositoryName", reason=fact) from None
        return present(made, key)
