"""The AWS services that are served: each with its table of operations."""

from entrepot.aws import (
    cloudtrail,
    cloudwatch,
    ecr,
    ecr_public,
    entrepot,
    events,
    iam,
    inspector2,
    kms,
    secretsmanager,
    signer,
    sts,
)
from entrepot.aws.protocol.call import Services

SERVICES: Services = {
    "ecr": ecr.OPERATIONS,
    "ecr-public": ecr_public.OPERATIONS,
    "events": events.OPERATIONS,
    "cloudtrail": cloudtrail.OPERATIONS,
    "cloudwatch": cloudwatch.OPERATIONS,
    "iam": iam.OPERATIONS,
    "inspector2": inspector2.OPERATIONS,
    "kms": kms.OPERATIONS,
    "secretsmanager": secretsmanager.OPERATIONS,
    "signer": signer.OPERATIONS,
    "sts": sts.OPERATIONS,
    "entrepot": entrepot.OPERATIONS,
}
