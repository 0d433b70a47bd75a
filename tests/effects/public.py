"""Effects of the operations that public registries alone have."""

from dataclasses import replace
from typing import Any

from tests.effects import acts
from tests.effects.acts import create, of_repository, tried
from tests.effects.case import Case, Place
from tests.factories import forks

_DATA = {"description": "A tool", "architectures": ["ARM 64"]}


def catalog_data(place: Place) -> object:
    """The repository's catalog data."""
    return place.root.get_repository_catalog_data(repositoryName=place.name)["catalogData"]


def put_name(name: str) -> Any:
    """The display name of the registry."""
    return lambda place: place.root.put_registry_catalog_data(displayName=name)


def aliases(answer: Any) -> object:
    """The names that the registry was given."""
    (registry,) = answer["registries"]
    return [each["name"] for each in registry["aliases"] if not each["defaultRegistryAlias"]]


def alias(verb: str) -> Any:
    """Adds an alias to the registry on the server's machine, or takes it back."""

    def act(place: Place) -> None:
        place.called.append("entrepot public-alias")
        account = ("--account", place.account)
        done = forks.run(["public-alias", verb, "effects", *account, "--data", str(place.server.data)])
        assert done.returncode == 0, done.stderr

    return act


CASES = tuple(
    replace(case, service="ecr-public")
    for case in (
        Case(
            "PutRepositoryCatalogData",
            tried(catalogData=_DATA),
            catalog_data,
            of_repository("PutRepositoryCatalogData", catalogData={}),
            create,
            gone={"marketplaceCertified": False},
        ),
        Case(
            "GetRepositoryCatalogData",
            of_repository("PutRepositoryCatalogData", catalogData=_DATA),
            tried(lambda answer: answer["catalogData"]),
            acts.create_again,
            create,
            by="look",
        ),
        Case(
            "PutRegistryCatalogData",
            lambda place: place.call(displayName="Tools"),
            lambda place: place.root.get_registry_catalog_data()["registryCatalogData"],
            put_name(""),
            apart=True,
        ),
        Case(
            "GetRegistryCatalogData",
            put_name("Tools"),
            lambda place: place.call()["registryCatalogData"],
            put_name(""),
            by="look",
            apart=True,
        ),
        Case(
            "DescribeImageTags",
            acts.put_image,
            tried(lambda answer: [each["imageTag"] for each in answer["imageTagDetails"]]),
            acts.delete_image,
            acts.with_layers,
            by="look",
        ),
        Case(
            "DescribeRegistries",
            alias("add"),
            lambda place: aliases(place.call()),
            alias("remove"),
            create,
            by="look",
            apart=True,
        ),
    )
)
