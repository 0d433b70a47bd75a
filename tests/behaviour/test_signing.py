"""AWS Signer and what is signed on push, as boto3 sees both; each effect through another operation or door."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from entrepot.spec import notation
from tests.behaviour.callers import User, allow
from tests.behaviour.identities import Iam, refusal
from tests.factories.layouts import image
from tests.factories.processes import Server, create_account
from tests.factories.registry import Registry
from tests.factories.waiting import wait

NOTATION, COSIGN = "Notation-OCI-SHA384-ECDSA", "Cosign-OCI-SHA256-ECDSA"
PAYLOAD = notation.payload("application/vnd.oci.image.manifest.v1+json", "sha256:" + "a" * 64, 1)
PUSH = allow(["ecr:*"])


@pytest.fixture
def signer(server: Server) -> Any:
    return server.client("signer")


@pytest.fixture
def profile(signer: Any, iam: Iam) -> str:
    """The ARN of a profile that nothing else uses."""
    arn: str = signer.put_signing_profile(profileName=iam.name(), platformId=NOTATION)["arn"]
    return arn


@pytest.fixture
def signing(ecr: Any, profile: str, repository: str) -> Iterator[str]:
    """A repository whose images are signed."""
    configure(ecr, profile, repository)
    yield repository
    ecr.delete_signing_configuration()


def configure(ecr: Any, profile: str, *filters: str) -> None:
    named = [{"filter": each, "filterType": "WILDCARD_MATCH"} for each in filters]
    ecr.put_signing_configuration(
        signingConfiguration={"rules": [{"signingProfileArn": profile, "repositoryFilters": named}]}
    )


def name_of(profile: str) -> str:
    return profile.rpartition("/")[2]


def status(ecr: Any, repository: str, digest: str) -> Any:
    """What became of an image, when it is no longer in progress; None where nothing signs it."""

    def told() -> Any:
        image_id = {"imageDigest": digest}
        found = ecr.describe_image_signing_status(repositoryName=repository, imageId=image_id)["signingStatuses"]
        return found or [None]

    return wait(lambda: [each for each in told() if each is None or each["status"] != "IN_PROGRESS"], what="signed")[0]


def signatures(registry: Registry, repository: str, digest: str) -> list[dict[str, Any]]:
    """Its signatures, from their envelopes."""
    listed = registry.request("GET", f"/v2/{repository}/referrers/{digest}?artifactType={notation.ARTIFACT}")
    found = []
    for each in json.loads(listed.data)["manifests"]:
        manifest = json.loads(registry.pull_manifest(repository, each["digest"]).data)
        found.append(json.loads(registry.pull_blob(repository, manifest["layers"][0]["digest"])))
    return found


def decoded(text: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def test_what_is_pushed_is_signed_once_through_whichever_door(door, ecr, signing: str, server: Server):
    content = image(seed=7701)
    for blob in content.blobs:
        door.upload(signing, blob)
    for tag in ("a", "b"):
        door.put(signing, content.manifest, tag)
        assert status(ecr, signing, content.digest)["status"] == "COMPLETE"
    (envelope,) = signatures(Registry(server), signing, content.digest)
    assert decoded(envelope["payload"])["targetArtifact"]["digest"] == content.digest
    referrers = ecr.list_image_referrers(repositoryName=signing, subjectId={"imageDigest": content.digest})["referrers"]
    assert [each["artifactType"] for each in referrers] == [notation.ARTIFACT]
    assert status(ecr, signing, referrers[0]["digest"]) is None


def test_only_repositories_of_the_filters_are_signed(ecr, signing: str, make_repository, server: Server):
    other, content = make_repository(), image(seed=7702)
    Registry(server).push(other, content, "v1")
    assert status(ecr, other, content.digest) is None


def test_a_signature_goes_with_its_image(ecr, signing: str, server: Server):
    content, registry = image(seed=7703), Registry(server)
    registry.push(signing, content, "v1")
    status(ecr, signing, content.digest)
    assert len(ecr.list_images(repositoryName=signing)["imageIds"]) == 2
    ecr.batch_delete_image(repositoryName=signing, imageIds=[{"imageDigest": content.digest}])
    assert ecr.list_images(repositoryName=signing)["imageIds"] == []


def test_an_archived_image_keeps_its_standing_and_is_not_signed_again(ecr, signing: str, server: Server):
    content, registry = image(seed=7704), Registry(server)
    registry.push(signing, content, "v1")
    assert status(ecr, signing, content.digest)["status"] == "COMPLETE"
    ecr.update_image_storage_class(
        repositoryName=signing, imageId={"imageDigest": content.digest}, targetStorageClass="ARCHIVE"
    )
    assert status(ecr, signing, content.digest)["status"] == "COMPLETE"
    registry.push(signing, content, "v1")
    assert len(signatures(registry, signing, content.digest)) == 1


def test_the_push_of_one_who_may_not_sign_stands_and_is_tried_again_by_the_next(
    ecr, signing: str, profile: str, server: Server, iam: Iam
):
    user, content = User(server, iam), image(seed=7705)
    user.put("push", PUSH)
    user.registry().push(signing, content, "v1")
    told = status(ecr, signing, content.digest)
    assert (told["status"], told["failureCode"]) == ("FAILED", "AccessDenied")
    assert "signer:SignPayload" in told["failureReason"]
    assert Registry(server).pull_manifest(signing, "v1").digest == content.digest
    user.put("sign", allow("signer:SignPayload", profile))
    user.registry().push(signing, content, "v1")
    assert status(ecr, signing, content.digest)["status"] == "COMPLETE"
    jobs = server.client("signer").list_signing_jobs(requestedBy=user.arn)["jobs"]
    assert [each["profileName"] for each in jobs] == [name_of(profile)]


def test_a_canceled_profile_signs_no_push_and_its_signatures_hold(ecr, signing: str, profile: str, server, signer):
    signer.cancel_signing_profile(profileName=name_of(profile))
    content = image(seed=7706)
    Registry(server).push(signing, content, "v1")
    assert status(ecr, signing, content.digest)["failureCode"] == "ValidationException"
    code, message = refusal(
        signer.sign_payload, profileName=name_of(profile), payload=PAYLOAD, payloadFormat=notation.PAYLOAD
    )
    assert (code, "Canceled" in message) == ("ValidationException", True)
    assert profile not in [each["arn"] for each in every_profile(signer)]
    assert profile in [each["arn"] for each in every_profile(signer, includeCanceled=True)]
    code, _ = refusal(signer.put_signing_profile, profileName=name_of(profile), platformId=NOTATION)
    assert code == "ValidationException"


def every_profile(signer: Any, **given: Any) -> list[Any]:
    pages = signer.get_paginator("list_signing_profiles").paginate(**given, PaginationConfig={"PageSize": 2})
    return [each for page in pages for each in page["profiles"]]


def test_the_configuration_is_read_as_it_was_put_and_gone_when_deleted(ecr, profile: str):
    configure(ecr, profile, "a/*", "b")
    found = ecr.get_signing_configuration()
    assert found["signingConfiguration"]["rules"][0]["repositoryFilters"][1]["filter"] == "b"
    assert ecr.delete_signing_configuration()["signingConfiguration"] == found["signingConfiguration"]
    assert refusal(ecr.get_signing_configuration)[0] == "SigningConfigurationNotFoundException"
    assert refusal(ecr.delete_signing_configuration)[0] == "SigningConfigurationNotFoundException"


def test_a_profile_of_another_region_signs_nothing_here(server: Server, iam: Iam, ecr):
    there = server.client("signer", region="eu-west-1")
    arn = there.put_signing_profile(profileName=iam.name(), platformId=NOTATION)["arn"]
    rules = {"rules": [{"signingProfileArn": arn}]}
    code, message = refusal(ecr.put_signing_configuration, signingConfiguration=rules)
    assert (code, "us-east-1" in message) == ("InvalidParameterException", True)


def test_an_image_that_is_not_there_has_no_signing_status(ecr, repository: str):
    absent = {"repositoryName": repository, "imageId": {"imageTag": "absent"}}
    assert refusal(ecr.describe_image_signing_status, **absent)[0] == "ImageNotFoundException"
    absent["repositoryName"] = "behaviour/absent"
    assert refusal(ecr.describe_image_signing_status, **absent)[0] == "RepositoryNotFoundException"


def test_a_payload_is_signed_by_the_version_that_its_certificate_names(signer, profile: str):
    version = signer.get_signing_profile(profileName=name_of(profile))["profileVersion"]
    signed = signer.sign_payload(profileName=name_of(profile), payload=PAYLOAD, payloadFormat=notation.PAYLOAD)
    leaf = x509.load_der_x509_certificate(base64.b64decode(json.loads(signed["signature"])["header"]["x5c"][0]))
    told = leaf.subject.rfc4514_string()
    assert f"CN={name_of(profile)}" in told
    assert f"L={version}" in told
    job = signer.describe_signing_job(jobId=signed["jobId"])
    assert (job["profileVersion"], job["status"]) == (version, "Succeeded")
    assert signed["jobOwner"] == job["jobInvoker"] == "000000000000"


def test_a_profile_that_is_put_again_signs_with_another_version(signer, profile: str):
    first = signer.get_signing_profile(profileName=name_of(profile))["profileVersion"]
    period = {"value": 3, "type": "DAYS"}
    again = signer.put_signing_profile(
        profileName=name_of(profile), platformId=NOTATION, signatureValidityPeriod=period, tags={"team": "a"}
    )
    found = signer.get_signing_profile(profileName=name_of(profile))
    assert again["profileVersion"] == found["profileVersion"] != first
    assert (found["signatureValidityPeriod"], found["tags"]) == (period, {"team": "a"})
    signed = signer.sign_payload(profileName=name_of(profile), payload=PAYLOAD, payloadFormat=notation.PAYLOAD)
    expires = signer.describe_signing_job(jobId=signed["jobId"])["signatureExpiresAt"]
    assert timedelta(days=2) < expires - datetime.now(UTC) <= timedelta(days=3)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"payload": b"{}"}, "not of the format"),
        ({"payloadFormat": "text/plain"}, "signs payloads of the format"),
    ],
)
def test_what_is_no_payload_of_the_platform_is_refused(signer, profile: str, changed, why: str):
    given = {"profileName": name_of(profile), "payload": PAYLOAD, "payloadFormat": notation.PAYLOAD, **changed}
    code, message = refusal(signer.sign_payload, **given)
    assert (code, why in message) == ("ValidationException", True)


def test_a_key_of_kms_signs_for_those_who_may_use_it(server: Server, signer, iam: Iam):
    kms = server.client("kms")
    key = kms.create_key(KeySpec="ECC_NIST_P384", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    name = iam.name()
    parameters = {"kmsKeyArn": key["Arn"]}
    signer.put_signing_profile(profileName=name, platformId=NOTATION, signingParameters=parameters)
    signed = signer.sign_payload(profileName=name, payload=PAYLOAD, payloadFormat=notation.PAYLOAD)
    leaf = x509.load_der_x509_certificate(base64.b64decode(json.loads(signed["signature"])["header"]["x5c"][0]))
    public = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert public == kms.get_public_key(KeyId=key["KeyId"])["PublicKey"]
    user = User(server, iam)
    user.put("sign", allow("signer:SignPayload"))
    theirs = server.client("signer", credentials=user.keys)
    given = {"profileName": name, "payload": PAYLOAD, "payloadFormat": notation.PAYLOAD}
    code, message = refusal(theirs.sign_payload, **given)
    assert (code, "kms:Sign" in message) == ("AccessDeniedException", True)
    kms.disable_key(KeyId=key["KeyId"])
    assert refusal(signer.sign_payload, **given)[0] == "ValidationException"


def test_another_account_signs_as_far_as_the_profile_permits(server: Server, signer, profile: str, iam: Iam):
    account = f"9{iam.name()[1:]}00000"[:12].ljust(12, "7")
    theirs = server.client("signer", credentials=create_account(server, account))
    given = {
        "profileName": name_of(profile),
        "profileOwner": "000000000000",
        "payload": PAYLOAD,
        "payloadFormat": notation.PAYLOAD,
    }
    assert refusal(theirs.sign_payload, **given)[0] == "AccessDeniedException"
    old = signer.get_signing_profile(profileName=name_of(profile))["profileVersion"]
    grant = {"profileName": name_of(profile), "action": "signer:SignPayload", "principal": account}
    revision = signer.add_profile_permission(**grant, statementId="s1", profileVersion=old)["revisionId"]
    job = theirs.sign_payload(**given)
    assert job["jobOwner"] == "000000000000"
    assert signer.describe_signing_job(jobId=job["jobId"])["jobInvoker"] == account
    signer.put_signing_profile(profileName=name_of(profile), platformId=NOTATION)
    assert refusal(theirs.sign_payload, **given)[0] == "AccessDeniedException", "it was permitted of one version"
    listed = signer.list_profile_permissions(profileName=name_of(profile))
    assert listed["permissions"] == [
        {"action": "signer:SignPayload", "principal": account, "statementId": "s1", "profileVersion": old}
    ]
    assert refusal(signer.add_profile_permission, **grant, statementId="s1")[0] == "ConflictException"
    removal = {"profileName": name_of(profile), "statementId": "s1"}
    assert refusal(signer.remove_profile_permission, **removal, revisionId="x")[0] == "ConflictException"
    signer.remove_profile_permission(**removal, revisionId=revision)
    assert signer.list_profile_permissions(profileName=name_of(profile))["permissions"] == []


def test_what_is_revoked_is_told_by_its_arns(signer, profile: str):
    name = name_of(profile)
    found = signer.get_signing_profile(profileName=name)
    given = {"profileName": name, "payload": PAYLOAD, "payloadFormat": notation.PAYLOAD}
    jobs = [signer.sign_payload(**given)["jobId"] for _ in range(2)]
    arn = profile.replace("/signing-profiles/" + name, "/signing-jobs/")
    asked = {"signatureTimestamp": datetime.now(UTC), "platformId": NOTATION, "certificateHashes": ["00"]}
    asked |= {"profileVersionArn": found["profileVersionArn"]}
    assert signer.get_revocation_status(jobArn=arn + jobs[0], **asked)["revokedEntities"] == []
    signer.revoke_signature(jobId=jobs[0], reason="leaked")
    assert signer.get_revocation_status(jobArn=arn + jobs[0], **asked)["revokedEntities"] == [arn + jobs[0]]
    assert signer.get_revocation_status(jobArn=arn + jobs[1], **asked)["revokedEntities"] == []
    assert refusal(signer.revoke_signature, jobId=jobs[0], reason="again")[0] == "ValidationException"
    record = signer.describe_signing_job(jobId=jobs[0])["revocationRecord"]
    assert (record["reason"], record["revokedBy"]) == ("leaked", "arn:aws:iam::000000000000:root")
    since = datetime.now(UTC) - timedelta(minutes=5)
    revoked = {"profileName": name, "profileVersion": found["profileVersion"], "reason": "leaked"}
    signer.revoke_signing_profile(**revoked, effectiveTime=since)
    told = signer.get_revocation_status(jobArn=arn + jobs[1], **asked)["revokedEntities"]
    assert told == [found["profileVersionArn"]]
    shown = signer.get_signing_profile(profileName=name)
    assert (shown["status"], shown["revocationRecord"]["revokedBy"]) == ("Revoked", "arn:aws:iam::000000000000:root")
    assert refusal(signer.sign_payload, **given)[0] == "ValidationException"
    ours = [each for each in signer.list_signing_jobs(isRevoked=True)["jobs"] if each["profileName"] == name]
    assert {each["jobId"] for each in ours} == set(jobs)


def test_the_list_of_revoked_signatures_is_read_by_anybody(server: Server, signer, profile: str):
    given = {"profileName": name_of(profile), "payload": PAYLOAD, "payloadFormat": notation.PAYLOAD}
    signed = signer.sign_payload(**given)
    leaf = x509.load_der_x509_certificate(base64.b64decode(json.loads(signed["signature"])["header"]["x5c"][0]))
    points = leaf.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    url = points[0].full_name[0].value
    anybody = Registry(server, "")

    def revoked() -> list[int]:
        answer = anybody.request("GET", url)
        assert answer.headers["Content-Type"] == "application/pkix-crl"
        return [each.serial_number for each in x509.load_der_x509_crl(answer.data)]

    assert revoked() == []
    signer.revoke_signature(jobId=signed["jobId"], reason="leaked")
    assert revoked() == [leaf.serial_number]
    assert anybody.request("GET", url.replace(".crl", "x.crl")).status == 404
    assert anybody.request("POST", url).status == 405


def test_platforms_are_listed_and_others_refused(signer):
    listed = [each["platformId"] for each in signer.list_signing_platforms()["platforms"]]
    assert listed == [COSIGN, NOTATION]
    assert signer.get_signing_platform(platformId=NOTATION)["target"] == "Notation"
    assert refusal(signer.get_signing_platform, platformId="AWSLambda-SHA384-ECDSA")[0] == "ResourceNotFoundException"


def test_objects_of_s3_are_refused_by_name(signer, profile: str):
    code, message = refusal(
        signer.start_signing_job,
        source={"s3": {"bucketName": "b", "key": "k", "version": "v"}},
        destination={"s3": {"bucketName": "b"}},
        profileName=name_of(profile),
        clientRequestToken="t",
    )
    assert (code, "S3" in message) == ("ValidationException", True)


def test_tags_of_a_profile_come_and_go(signer, profile: str):
    signer.tag_resource(resourceArn=profile, tags={"team": "a", "stage": "b"})
    signer.untag_resource(resourceArn=profile, tagKeys=["stage"])
    assert signer.list_tags_for_resource(resourceArn=profile)["tags"] == {"team": "a"}
    assert refusal(signer.list_tags_for_resource, resourceArn=f"{profile}absent")[0] == "NotFoundException"
