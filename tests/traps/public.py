"""A public repository with an image in it, and who may do what to it."""

import uuid

from tests.behaviour.public import password
from tests.factories.layouts import Image, image
from tests.factories.processes import Server
from tests.factories.registry import Registry


class Public:
    """A public repository with an image, its address below /v2/, and who may push to it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.api = server.client("ecr-public")
        self.name = f"trap-{uuid.uuid4().hex[:12]}"
        uri = self.api.create_repository(repositoryName=self.name)["repository"]["repositoryUri"]
        self.path = uri.partition("/")[2]
        self.alias = self.path.split("/")[1]
        self.token = password(self.api)
        self.content: Image = image(uuid.uuid4().int % 1000)
        self.owner = Registry(server, self.token)
        self.owner.push(self.path, self.content, "latest")
        self.anybody = Registry(server, "")
