"""The doors' tables of errors: total over the error tree, and true to the models of the services."""

from collections.abc import Iterator
from string import Formatter

import pytest

from entrepot import errors as facts
from entrepot.app.services import SERVICES
from entrepot.aws.protocol import errors as aws
from entrepot.aws.protocol import models
from entrepot.aws.protocol.models import ROUTES
from entrepot.errors import Fact
from entrepot.errors.peers import PeerRefused
from entrepot.errors.scanning import ScanRefused
from entrepot.errors.start import StartRefused
from entrepot.oci import errors as oci
from tests.unit.aws.reach import Reach

REACH = Reach()
DOOR = ("entrepot.aws.protocol.dispatch", "AwsDoor.handle")
PARSERS = (
    ("entrepot.aws.protocol.json_protocol", "parse"),
    ("entrepot.aws.protocol.query", "parse"),
    ("entrepot.aws.protocol.cbor_protocol", "parse"),
    ("entrepot.aws.protocol.validate", "_structure"),  # the readers stand in a table, which the walk does not enter
    ("entrepot.aws.protocol.validate", "_string"),
)
# what the source can reach, and a call cannot
UNREACHED = {
    ("BatchDeleteImage", "ImageNotFound"): "each id is looked up first, in the same unit of work",
    ("BatchGetImage", "ImageNotFound"): "each id is looked up first, in the same unit of work",
    ("CompleteLayerUpload", "UploadOutOfOrder"): "no bytes come with the end of an upload",
    ("CompleteLayerUpload", "UploadTooLarge"): "no bytes come with the end of an upload",
    ("InitiateLayerUpload", "RepositoriesTooMany"): "only over OCI; here it is the repository's name that is refused",
    ("CopyImage", "DigestMismatch"): "what is read and pushed again are the bytes of a digest",
    ("CopyImage", "LayerAlreadyExists"): "what is there already is no fault",
    ("CopyImage", "UploadNotFound"): "a blob in one request has no session",
    ("PutTargets", "RepositoryNotFound"): "what starts there is a match of a regular expression, not an upload",
    ("ListSigningJobs", "SigningJobNotFound"): "a profile stays, and with it what it has signed",
    ("PutTargets", "RepositoryKeyUnusable"): "what starts there is a match of a regular expression, not an upload",
    ("PutImage", "ImageNotFound"): "guards a row that the same unit of work has just written",
    **dict.fromkeys(
        [
            (f"{verb}{holder}{what}", "EntityProtected")
            for holder in ("User", "Group")
            for verb, what in [
                *[(verb, "Policy") for verb in ("Attach", "Delete", "Detach", "Put")],
                *[(verb, "PermissionsBoundary") for verb in ("Delete", "Put") if holder == "User"],
            ]
        ],
        "only roles can be a service's",
    ),
    **dict.fromkeys(
        [
            (operation, "SessionPoliciesTooLarge")
            for operation in (
                *("CreatePolicy", "CreatePolicyVersion", "CreateRole", "UpdateAssumeRolePolicy"),
                *("PutGroupPolicy", "PutRolePolicy", "PutUserPolicy"),
            )
        ],
        "the document is of another kind",
    ),
    **dict.fromkeys(
        [
            (operation, "EntityNotFound")
            for operation in (
                *("CreateInstanceProfile", "CreateVirtualMFADevice", "GetAccountAuthorizationDetails"),
                *("ListInstanceProfiles", "ListRoles", "ListVirtualMFADevices"),
            )
        ],
        "every entity of such a kind has its row, written with it",
    ),
    ("AssumeRole", "PolicyTooLarge"): "the document is of another kind",
    ("AssumeRoleWithWebIdentity", "PolicyTooLarge"): "the document is of another kind",
    ("GetFederationToken", "PolicyTooLarge"): "the document is of another kind",
    ("GetAccountAuthorizationDetails", "ManagedPolicyNotFound"): "the policies were listed in the same unit of work",
}
OF_NO_SERVICE = {"ecr-public": {"RepositoryKeyUnusable"}}  # public repositories have no keys
OPERATIONS = [(service, name) for service, operations in SERVICES.items() for name in operations]


def leaves(fact: type[Fact]) -> Iterator[type[Fact]]:
    """The facts below one; those of a start and of scans are told to the terminal and in descriptions only."""
    if fact in (PeerRefused, StartRefused, ScanRefused):
        return
    below = fact.__subclasses__()
    if not below and fact is not Fact:
        yield fact
    for each in below:
        yield from leaves(each)


def reached(service: str, operation: str) -> set[str]:
    """The facts that a call of an operation may end in."""
    function = SERVICES[service][operation]
    found = set(REACH.facts(function.__module__, function.__name__))
    return {fact for fact in found - OF_NO_SERVICE.get(service, set()) if (operation, fact) not in UNREACHED}


@pytest.mark.parametrize("table", [oci.TABLE, aws.TABLE], ids=["oci", "aws"])
def test_the_table_tells_every_fact_and_nothing_else(table):
    assert set(table) == set(leaves(Fact))


def test_every_fact_can_be_told_with_its_fields():
    for fact in leaves(Fact):
        assert str(fact(**dict.fromkeys(fields(fact), "x")))


def fields(fact: type[Fact]) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(fact.text) if name]


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
def test_an_operation_answers_with_the_codes_of_its_model_and_the_common_ones(service: str, operation: str):
    (route,) = (each for each in ROUTES if each.name == service)
    allowed = models.load(route.name, route.version).errors(operation) | aws.COMMON
    if "query" in route.protocols:
        allowed |= {"InvalidParameterException"}  # ValidationError, which IAM and STS count among the common ones
    allowed |= set(aws.OF_SERVICE.get(service, {}).values())
    told = {fact: aws.code(service, getattr(facts, fact))[0] for fact in reached(service, operation)}
    assert {fact: code for fact, code in told.items() if code not in allowed} == {}


def test_what_every_call_passes_through_answers_with_common_codes():
    told = {fact: aws.TABLE[getattr(facts, fact)][0] for place in (DOOR, *PARSERS) for fact in REACH.facts(*place)}
    assert {"CredentialUnknown", "SignatureInvalid", "RequestSkewed", "ParameterInvalid"} <= set(told)
    # DeleteSigningConfiguration has no input that could be wrong
    given_something = [operation for operation in SERVICES["ecr"] if operation != "DeleteSigningConfiguration"]
    in_every_model = frozenset.intersection(
        *(models.load("ecr", "2015-09-21").errors(operation) for operation in given_something)
    )
    strays = {fact for fact, code in told.items() if code not in aws.COMMON | in_every_model}
    # the walk follows `read` and `require` to every method of that name; a signed body reaches none of these
    unreached = {"UploadNotFound", "RepositoryNotFound", "ImageNotFound", "BlobNotFound", "RepositoriesTooMany"}
    unreached |= {"RepositoryKeyUnusable"}
    of_one_service = {"PublicRegionNotServed"}
    assert strays <= unreached | of_one_service
    assert {aws.TABLE[getattr(facts, fact)][0] for fact in of_one_service} <= frozenset.intersection(
        *(models.load("ecr-public", "2020-10-30").errors(operation) for operation in SERVICES["ecr-public"])
    )


def test_the_walk_finds_what_is_known_to_be_raised():
    known = {
        "PutImage": {"TagImmutable", "BlobsNotFound", "ChildrenNotFound", "TagsTooMany", "ManifestInvalid"},
        "CompleteLayerUpload": {"UploadEmpty", "LayerPartTooSmall", "DigestMismatch", "LayerAlreadyExists"},
        "UploadLayerPart": {"UploadOutOfOrder", "UploadTooLarge", "LengthMismatch", "UploadBusy", "StorageFull"},
        "CreateRepository": {"RepositoryAlreadyExists", "RepositoryNameReserved", "ResourceTagsTooMany"},
        "GetDownloadUrlForLayer": {"BlobNotFound", "BlobUnreferenced"},
        "DescribeImages": {"ImageNotFound", "PageTokenInvalid"},
    }
    for operation, expected in known.items():
        assert expected <= reached("ecr", operation)
    beside = ("Registry", "Account", "Template", "Exclusion", "ReplicationConf", "SigningConf", "Backfill", "PullThr")
    of_registries = {name for name in SERVICES["ecr"] if any(of in name for of in beside)}
    absent_or_told = {"GetAuthorizationToken", "CreateRepository", "BatchGetRepositoryScanningConfiguration"}
    for operation in set(SERVICES["ecr"]) - of_registries - absent_or_told:
        assert "RepositoryNotFound" in reached("ecr", operation), operation
    for operation in SERVICES["ecr"]:
        assert "AccessDenied" in reached("ecr", operation), operation


def test_what_is_said_to_be_unreached_is_in_the_source():
    for operation, fact in UNREACHED:
        found = [operations[operation] for operations in SERVICES.values() if operation in operations]
        assert any(fact in REACH.facts(function.__module__, function.__name__) for function in found)


def test_the_statuses_are_those_of_the_models():
    shapes = models.load("ecr", "2015-09-21").shapes
    for code, status in aws.TABLE.values():
        if code in shapes and not code.startswith("ServerException"):
            assert status == 400, code
    assert {status for code, status in aws.TABLE.values() if code == "ServerException"} == {500}


def test_the_codes_of_the_query_protocol_stand_for_codes_that_are_used():
    assert set(aws.QUERY_CODES) <= {code for code, _ in aws.TABLE.values()}
