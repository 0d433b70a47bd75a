"""Operations on OpenID Connect providers."""

from entrepot.aws.iam import inputs, shown
from entrepot.aws.iam.shown import Output
from entrepot.aws.protocol.call import Call
from entrepot.core import entities, identity_providers
from entrepot.core.entities import PROVIDER, Draft
from entrepot.core.identity_providers import Provider


async def create_open_id_connect_provider(call: Call) -> Output:
    """CreateOpenIDConnectProvider."""
    given = call.input
    draft = Draft(identity_providers.name_of(given["Url"]), entities.new_id(PROVIDER), tags=inputs.tags(call))
    provider = Provider(tuple(given.get("ClientIDList", ())), tuple(given.get("ThumbprintList", ())))
    arn = await call.core.units.write(identity_providers.create, call.caller, draft, provider)
    return {"OpenIDConnectProviderArn": arn, "Tags": shown.tags(draft.tags) or None}


async def get_open_id_connect_provider(call: Call) -> Output:
    """GetOpenIDConnectProvider: its URL without `https://`."""
    arn = call.input["OpenIDConnectProviderArn"]
    found, provider, tags = await call.core.units.read(identity_providers.get, call.caller, arn)
    return {
        "Url": found.name,
        "ClientIDList": list(provider.client_ids),
        "ThumbprintList": list(provider.thumbprints),
        "CreateDate": found.created_at,
        "Tags": shown.tags(tags),
    }


async def list_open_id_connect_providers(call: Call) -> Output:
    """ListOpenIDConnectProviders."""
    arns = await call.core.units.read(identity_providers.list_all, call.caller)
    return {"OpenIDConnectProviderList": [{"Arn": arn} for arn in arns]}


async def delete_open_id_connect_provider(call: Call) -> Output:
    """DeleteOpenIDConnectProvider."""
    await call.core.units.write(identity_providers.delete, call.caller, call.input["OpenIDConnectProviderArn"])
    return {}


async def add_client_id_to_open_id_connect_provider(call: Call) -> Output:
    """AddClientIDToOpenIDConnectProvider."""
    arn, client = call.input["OpenIDConnectProviderArn"], call.input["ClientID"]
    await call.core.units.write(identity_providers.add_client, call.caller, arn, client)
    return {}


async def remove_client_id_from_open_id_connect_provider(call: Call) -> Output:
    """RemoveClientIDFromOpenIDConnectProvider."""
    arn, client = call.input["OpenIDConnectProviderArn"], call.input["ClientID"]
    await call.core.units.write(identity_providers.remove_client, call.caller, arn, client)
    return {}


async def update_open_id_connect_provider_thumbprint(call: Call) -> Output:
    """UpdateOpenIDConnectProviderThumbprint."""
    arn, thumbprints = call.input["OpenIDConnectProviderArn"], call.input["ThumbprintList"]
    await call.core.units.write(identity_providers.set_thumbprints, call.caller, arn, thumbprints)
    return {}
