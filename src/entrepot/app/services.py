"""The AWS services that are served: each with its table of operations."""

from entrepot.aws import ecr, sts
from entrepot.aws.protocol.call import Services

SERVICES: Services = {"ecr": ecr.OPERATIONS, "sts": sts.OPERATIONS}
