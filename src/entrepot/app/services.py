"""The AWS services that are served: each with its table of operations."""

from entrepot.aws import ecr, ecr_public, iam, sts
from entrepot.aws.protocol.call import Services

SERVICES: Services = {
    "ecr": ecr.OPERATIONS,
    "ecr-public": ecr_public.OPERATIONS,
    "iam": iam.OPERATIONS,
    "sts": sts.OPERATIONS,
}
