"""Exceptions from findings as state: an owner accepts a risk until a day, or a VEX document says what does not apply.

AWS has no API for them. They hold for a registry's repositories of a name or a pattern; whatever comes or goes, images
stand otherwise from the moment on at which it was acknowledged (core/scanning/standings.py).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from entrepot.core import access, changes, resources
from entrepot.core.access import Caller
from entrepot.core.scanning.rulings import ACCEPTED, describes
from entrepot.db import accounts, image_standings, images, repositories
from entrepot.db import vulnerability_exceptions as rows
from entrepot.db.database import Transaction
from entrepot.db.exception_records import VulnerabilityException
from entrepot.errors import EntityNotFound, ParameterInvalid, QuotaExceeded
from entrepot.errors.vex import VexMalformed
from entrepot.scan.vex.products import is_digest, is_image, parsed
from entrepot.scan.vex.statements import Document, Product, Statement
from entrepot.spec.event_ids import event_id
from entrepot.spec.moments import micros, moment
from entrepot.spec.repository import RegistryKey, RepositoryKey

__all__ = ["VulnerabilityException"]

MOST = 10_000  # of a registry
API = "api"
_PAGE = 500
_LONGEST_NAME, _LONGEST_TEXT = 256, 2000


@dataclass(frozen=True, slots=True)
class Acceptance:
    """That somebody answers for a vulnerability until a day: in the repositories of a name or a pattern, and where they
    say so of one image and one package only.
    """

    repository: str
    vulnerability: str
    reason: str
    owner: str
    expires_at: datetime
    package: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """What of a document is kept: `foreign` counts products that are no images and no packages."""

    document: str
    kept: int
    replaced: int
    foreign: int


@dataclass(frozen=True, slots=True)
class Scope:
    """What a document is believed about: repositories of a name or a pattern, and of these one image ('': each)."""

    repository: str
    digest: str = ""
    repository_id: str = ""  # of the one whose referrer says so


def add(tx: Transaction, caller: Caller, key: RegistryKey, new: Acceptance) -> VulnerabilityException:
    """Accept a vulnerability: ParameterInvalid, QuotaExceeded."""
    access.require(caller, "PutVulnerabilityException", resources.of_own_registry(key))
    _check(new, caller.at)
    accounts.lock(tx, key.account)
    _require_room(tx, key, 1)
    made = VulnerabilityException(
        id=event_id(micros(caller.at), caller.request_id, "exception"),
        account=key.account,
        region=key.region,
        repository=new.repository,
        repository_id="",
        digest=new.digest,
        vulnerability=new.vulnerability,
        aliases=(),
        package=new.package,
        status=ACCEPTED,
        justification=new.reason,
        statement="",
        owner=new.owner,
        origin=API,
        said_at=caller.at,
        created_at=caller.at,
        expires_at=new.expires_at,
    )
    rows.add(tx, made)
    outdate(tx, key, [made], caller.at)
    changes.audit(tx, caller, "PutVulnerabilityException", _told(made), account=key.account, region=key.region)
    return made


def list_of(
    tx: Transaction, caller: Caller, key: RegistryKey, limit: int, after: str = ""
) -> Sequence[VulnerabilityException]:
    """Exceptions of a registry above `after`, in order of id, expired ones too until they are removed."""
    access.require(caller, "ListVulnerabilityExceptions", resources.of_own_registry(key))
    return rows.page(tx, key, after, limit)


def missing(tx: Transaction, caller: Caller, key: RegistryKey, repository: str, digest: str = "") -> Sequence[str]:
    """What there is not (yet) of what an exception is about: it may have been mistyped, and counts as soon as it is."""
    access.require(caller, "ListVulnerabilityExceptions", resources.of_own_registry(key))
    named = f"matches '{repository}'" if "*" in repository else f"is named '{repository}'"
    found = False
    for repository_id in _described(tx, key, repository):
        found = True
        if not digest or images.known(tx, repository_id, digest):
            return ()
    if not found:
        return (f"No repository of account {key.account} in {key.region} {named}: it counts once there is one.",)
    return (f"No repository that {named} has the image {digest}: it counts once it is pushed.",)


def remove(tx: Transaction, caller: Caller, key: RegistryKey, exception_id: str) -> VulnerabilityException:
    """Have findings count again: EntityNotFound. What a referrer says is said again when the referrer is read again."""
    access.require(caller, "DeleteVulnerabilityException", resources.of_own_registry(key))
    accounts.lock(tx, key.account)
    gone = rows.find(tx, key, exception_id)
    if gone is None:
        raise EntityNotFound(entity=f"The exception {exception_id[:_LONGEST_NAME]} of account {key.account}")
    rows.remove(tx, gone.id)
    outdate(tx, key, [gone], caller.at)
    changes.audit(tx, caller, "DeleteVulnerabilityException", _told(gone), account=key.account, region=key.region)
    return gone


def import_document(
    tx: Transaction, caller: Caller, key: RegistryKey, document: Document, scope: Scope, owner: str
) -> Imported:
    """Keep what a document says, in the place of what it said of the same before: VexMalformed, QuotaExceeded."""
    access.require(caller, "ImportVexDocument", resources.of_own_registry(key))
    _check_scope(scope.repository, scope.digest)
    _check_text("owner", owner, _LONGEST_NAME)
    accounts.lock(tx, key.account)
    before = rows.imported(tx, key, document.id, scope.repository)
    gone = [each for each in before if scope.digest in ("", each.digest)]
    for each in gone:
        rows.remove(tx, each.id)
    made = list(claims(document, key, scope, owner, document.id, caller.request_id, caller.at))
    _require_room(tx, key, len(made))
    for each in made:
        rows.add(tx, each)
    outdate(tx, key, [*gone, *made], caller.at)
    told = {"documentId": document.id, "repository": scope.repository, "imageDigest": scope.digest, "kept": len(made)}
    changes.audit(tx, caller, "ImportVexDocument", told, account=key.account, region=key.region)
    return Imported(document.id, len(made), len(gone), sum(each.foreign for each in document.statements))


def claims(
    document: Document, key: RegistryKey, scope: Scope, owner: str, origin: str, request_id: str, at: datetime
) -> Iterator[VulnerabilityException]:
    """What a document says about each product within a scope; of what it says twice the last."""
    last: dict[tuple[str, Product], Statement] = {}
    if document.product and not scope.digest and "*" in scope.repository:
        reason = f"all of it is about {document.product[:100]!r}: name the repository, or the image, that is it"
        raise VexMalformed(reason=reason)
    for number, statement in enumerate(document.statements, 1):
        if not (statement.products or statement.foreign or scope.digest or document.product):
            raise VexMalformed(reason=f"statement {number} names no products, and nothing says which image it is about")
        whole = () if statement.foreign else (Product(),)
        for product in statement.products or whole:
            within = _within(product, scope.digest)
            if within is not None:
                last[statement.vulnerability, within] = statement
    for number, ((vulnerability, product), statement) in enumerate(last.items()):
        yield VulnerabilityException(
            id=event_id(micros(at), request_id, f"exception/{origin}", number),
            account=key.account,
            region=key.region,
            repository=scope.repository,
            repository_id=scope.repository_id,
            digest=product.image,
            vulnerability=vulnerability,
            aliases=statement.aliases,
            package=product.package,
            status=statement.status,
            justification=statement.justification,
            statement=statement.text,
            owner=owner,
            origin=origin,
            said_at=moment(statement.said_at),
            created_at=at,
            expires_at=None,
        )


def outdate(tx: Transaction, key: RegistryKey, changed: Sequence[VulnerabilityException], at: datetime) -> None:
    """Images that exceptions may be about stand otherwise from now on."""
    patterns = {(each.repository, each.digest if is_digest(each.digest) else "") for each in changed}
    if any(pattern == "*" for pattern, _ in patterns):
        image_standings.outdate_all(tx, key.account, key.region, at)
        return
    for pattern, digest in sorted(patterns):
        for repository_id in _described(tx, key, pattern):
            image_standings.outdate(tx, repository_id, digest, at)


def _described(tx: Transaction, key: RegistryKey, pattern: str) -> Iterator[str]:
    if "*" not in pattern:
        found = repositories.find(tx, RepositoryKey(key, pattern))
        if found is not None:
            yield found.id
        return
    after = ""
    while page := repositories.page(tx, key, after, _PAGE):
        yield from (each.id for each in page if describes(pattern, each.key.name))
        after = page[-1].key.name


def moment_invalid(text: str) -> ParameterInvalid:
    """That a text names no moment."""
    return ParameterInvalid(
        parameter="expires_at", reason=f"'{text[:100]}' is neither days (`90d`) nor an ISO 8601 moment"
    )


def _within(product: Product, digest: str) -> Product | None:
    """A product as it is within a scope of one image; None when it is about another one."""
    if not digest:
        return product
    url = parsed(product.image) if product.image and not is_digest(product.image) else None
    said = url.version if url is not None else product.image
    return Product(digest, product.package) if said in ("", None, digest) else None


def _require_room(tx: Transaction, key: RegistryKey, more: int) -> None:
    if rows.count(tx, key) + more > MOST:
        raise QuotaExceeded(quota="VulnerabilityExceptionsPerRegistry", limit=MOST)


def _check(new: Acceptance, at: datetime) -> None:
    _check_scope(new.repository, new.digest)
    _check_text("vulnerability", new.vulnerability, _LONGEST_NAME)
    _check_text("owner", new.owner, _LONGEST_NAME)
    _check_text("reason", new.reason, _LONGEST_TEXT)
    if new.expires_at <= at:
        raise ParameterInvalid(parameter="expires_at", reason=f"{new.expires_at.isoformat()} is over already")
    if new.package.startswith("pkg:"):
        url = parsed(new.package)
        if url is None or is_image(url):
            raise ParameterInvalid(parameter="package", reason=f"'{new.package[:_LONGEST_NAME]}' is no package's URL")
    if len(new.package) > _LONGEST_NAME:
        raise ParameterInvalid(parameter="package", reason=f"it has more than {_LONGEST_NAME} characters")


def _check_scope(repository: str, digest: str) -> None:
    _check_text("repository", repository, _LONGEST_NAME)
    if digest and not is_digest(digest):
        raise ParameterInvalid(parameter="digest", reason=f"'{digest[:_LONGEST_NAME]}' is no digest of an image")


def _check_text(parameter: str, text: str, longest: int) -> None:
    if not text.strip() or len(text) > longest:
        raise ParameterInvalid(parameter=parameter, reason=f"1 to {longest} characters, and one that is no blank")


def _told(said: VulnerabilityException) -> changes.Json:
    return {
        "id": said.id,
        "repository": said.repository,
        "vulnerability": said.vulnerability,
        "package": said.package,
        "imageDigest": said.digest,
        "status": said.status,
        "justification": said.justification,
        "owner": said.owner,
        "expiresAt": None if said.expires_at is None else said.expires_at.isoformat(),
    }
