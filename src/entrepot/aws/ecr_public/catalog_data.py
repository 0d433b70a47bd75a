"""Operations on what repositories tell of themselves."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.ecr_public import keys
from entrepot.aws.protocol.call import Call
from entrepot.core import catalog_data
from entrepot.core.catalog_data import CatalogData
from entrepot.spec.repository import RepositoryKey

Output = Mapping[str, Any]


async def get_repository_catalog_data(call: Call) -> Output:
    """GetRepositoryCatalogData."""
    key = keys.repository(call)
    return {"catalogData": shown(call, key, await call.core.units.read(catalog_data.find, call.caller, key))}


async def put_repository_catalog_data(call: Call) -> Output:
    """PutRepositoryCatalogData: replaces all of it, the logo too."""
    key, data = keys.repository(call), given(call.input["catalogData"])
    await call.core.units.write(catalog_data.put, call.caller, key, data)
    return {"catalogData": shown(call, key, data)}


def given(data: Mapping[str, Any]) -> CatalogData:
    """A RepositoryCatalogDataInput."""
    return CatalogData(
        data.get("description"),
        tuple(data.get("architectures", ())),
        tuple(data.get("operatingSystems", ())),
        data.get("aboutText"),
        data.get("usageText"),
        data.get("logoImageBlob"),
    )


def shown(call: Call, key: RepositoryKey, data: CatalogData) -> Output:
    """A RepositoryCatalogData."""
    return {
        "description": data.description,
        "architectures": list(data.architectures) or None,
        "operatingSystems": list(data.operating_systems) or None,
        "logoUrl": None if data.logo is None else call.addressing.logo_url(key, call.exchange),
        "aboutText": data.about_text,
        "usageText": data.usage_text,
        "marketplaceCertified": False,
    }
