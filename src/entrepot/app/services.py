"""The AWS services that are served: each with its table of operations."""

from entrepot.aws import ecr, iam, sts
from entrepot.aws.protocol.call import Services

SERVICES: Services = {"ecr": ecr.OPERATIONS, "iam": iam.OPERATIONS, "sts": sts.OPERATIONS}
