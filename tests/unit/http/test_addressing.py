"""Addresses: what the one writer writes, the one parser reads as the same registry, in host, alias and path style."""

import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.errors import NameInvalid, RegionNotServed, RegistryNotFound, RepositoryNameReserved
from entrepot.http.addressing import EVERY_PUBLIC, Addressing
from entrepot.http.exchange import Exchange
from entrepot.spec.repository import RegistryKey, RepositoryKey, public_registry

ACCOUNT, OTHER = "000000000000", "123456789012"
REGIONS = ("us-east-1", "eu-central-1")
DEFAULT = RegistryKey("private", ACCOUNT, "us-east-1")
FOREIGN = RegistryKey("private", OTHER, "eu-central-1")


class Names:
    """Aliases of public registries, one for each account."""

    def __init__(self, accounts: dict[str, str]) -> None:
        self.accounts = accounts

    def alias(self, name: str) -> str | None:
        return self.accounts.get(name)

    def primary_alias(self, account: str) -> str | None:
        return next((name for name, holder in self.accounts.items() if holder == account), None)


def addressing(domain: str | None = None, aliases: dict[str, RegistryKey] | None = None) -> Addressing:
    return Addressing(
        domain=domain, default_account=ACCOUNT, regions=REGIONS, aliases=aliases or {}, public=Names({"team": OTHER})
    )


def exchange(host: str, scheme: str = "http") -> Exchange:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Exchange(str(uuid.UUID(int=0)), "127.0.0.1", scheme == "https", host, (host,), f"{scheme}://{host}", "", at)


registries = st.builds(
    RegistryKey, st.just("private"), st.from_regex(r"[0-9]{12}", fullmatch=True), st.sampled_from(REGIONS)
)
names = st.from_regex(r"[a-z0-9]{2,8}(/[a-z0-9]{1,8}){0,2}", fullmatch=True).filter(
    lambda name: not name[:12].isdigit()
)
hosts = st.sampled_from(["localhost", "localhost:5000", "127.0.0.1:5000", "[::1]", "[::1]:5000", "reg.example.org:443"])


@given(registries, names, hosts, st.sampled_from([None, "example.com"]))
def test_what_is_written_is_read_as_the_same_repository(
    registry: RegistryKey, name: str, host: str, domain: str | None
) -> None:
    where = addressing(domain)
    key = RepositoryKey(registry, name)
    authority, _, path = where.uri(key, exchange(host)).partition("/")
    assert where.repository(authority, path) == key
    assert where.url(key, exchange(host)) == f"http://{authority}/v2/{path}"
    assert where.endpoint(registry, exchange(host)) == f"http://{authority}"


@given(registries, names, st.sampled_from(["", ":443", ":5000"]), st.sampled_from([".", "-"]))
def test_on_a_registrys_own_host_the_whole_path_is_the_name(
    registry: RegistryKey, name: str, port: str, between: str
) -> None:
    host = f"{registry.account}.dkr{between}ecr.{registry.region}.example.com{port}"
    place, rest = addressing("example.com").split(host, f"{OTHER}/eu-central-1/{name}")
    assert (place.registry, place.prefix, rest) == (registry, "", f"{OTHER}/eu-central-1/{name}")
    with pytest.raises(RepositoryNameReserved):
        addressing("example.com").repository(host, f"{OTHER}/eu-central-1/{name}")


def test_a_host_is_read_in_any_case() -> None:
    place, _ = addressing("example.com").split(f"{OTHER}.DKR.ECR.eu-central-1.Example.COM:5000", "app")
    assert place.registry == FOREIGN


@pytest.mark.parametrize(
    "host",
    [
        f"{OTHER}.dkr.ecr.eu-central-1.example.com.evil.org",
        f"x{OTHER}.dkr.ecr.eu-central-1.example.com",
        f"{OTHER}.dkr.ecr.eu-central-1.exampleXcom",
        f"{OTHER[:11]}.dkr.ecr.eu-central-1.example.com",
        "",
    ],
)
def test_a_host_that_only_resembles_one_of_ours_is_a_shared_host(host: str) -> None:
    place, rest = addressing("example.com").split(host, "app")
    assert (place.registry, rest) == (DEFAULT, "app")


def test_an_alias_is_a_registrys_host_at_any_port() -> None:
    where = addressing(aliases={"images.example.org": FOREIGN})
    assert where.repository("images.example.org:8443", "app") == RepositoryKey(FOREIGN, "app")
    assert where.repository("other.example.org", "app") == RepositoryKey(DEFAULT, "app")


def test_an_unserved_region_is_refused_with_those_served() -> None:
    for host, path in ((f"{OTHER}.dkr.ecr.us-west-2.example.com", "app"), ("localhost", f"{OTHER}/us-west-2/app")):
        with pytest.raises(RegionNotServed) as refused:
            addressing("example.com").split(host, path)
        assert refused.value.fields["served"] == "us-east-1, eu-central-1"


@pytest.mark.parametrize("path", ["123456789012/us-east-10/app", "12345678901/us-east-1/app", "public.ecrs/app"])
def test_a_path_that_only_resembles_an_address_is_a_name(path: str) -> None:
    assert addressing().split("localhost", path)[1] == path


def test_a_public_address_names_an_alias() -> None:
    place, rest = addressing().split("localhost", "public.ecr/team/app")
    assert (place.registry, place.prefix, rest) == (public_registry(OTHER), "public.ecr/team/", "app")
    for named in ("public.ecr.example.com", "PUBLIC.ecr.example.com:5000"):
        place, rest = addressing("example.com").split(named, "team/public.ecr/app")
        assert (place.registry, place.prefix, rest) == (public_registry(OTHER), "team/", "public.ecr/app")


def test_an_accounts_id_stands_for_its_alias() -> None:
    place, rest = addressing().split("localhost", f"public.ecr/{ACCOUNT}/app")
    assert (place.registry, place.prefix, rest) == (public_registry(ACCOUNT), f"public.ecr/{ACCOUNT}/", "app")


def test_what_is_written_of_a_public_repository_is_read_as_the_same() -> None:
    for domain in (None, "example.com"):
        for account in (OTHER, ACCOUNT):
            key = RepositoryKey(public_registry(account), "team/app")
            where = addressing(domain)
            authority, _, path = where.uri(key, exchange("localhost:5000")).partition("/")
            assert where.repository(authority, path) == key
            assert where.url(key, exchange("localhost:5000")) == f"http://{authority}/v2/{path}"
            beginning = where.registry_uri(key.registry, exchange("localhost:5000"))
            assert where.uri(key, exchange("localhost:5000")) == f"{beginning}/team/app"


@pytest.mark.parametrize(
    "name", ["nobody", "Team", "team.", "123456789", "1234567890123", "_catalog", "t%2feam", "١" * 12]
)
def test_an_alias_that_nobody_has_leads_nowhere(name: str) -> None:
    with pytest.raises(RegistryNotFound):
        addressing().split("localhost", f"public.ecr/{name}/app")


def test_a_path_may_stop_before_the_alias() -> None:
    for host, path in (("localhost", "public.ecr"), ("localhost", "public.ecr/"), ("public.ecr.example.com", "")):
        where = addressing("example.com")
        place, rest = where.split(host, path)
        assert (place.registry, rest) == (EVERY_PUBLIC, "")
        with pytest.raises(NameInvalid):
            where.repository(host, path)
    with pytest.raises(NameInvalid):
        addressing().split("localhost", "public.ecr//app")


def test_an_alias_is_looked_up_each_time() -> None:
    names = Names({"team": OTHER})
    where = Addressing(domain=None, default_account=ACCOUNT, regions=REGIONS, aliases={}, public=names)
    assert where.split("localhost", "public.ecr/team/app")[0].registry.account == OTHER
    names.accounts = {"team": ACCOUNT}
    assert where.split("localhost", "public.ecr/team/app")[0].registry.account == ACCOUNT
    names.accounts = {}
    with pytest.raises(RegistryNotFound):
        where.split("localhost", "public.ecr/team/app")
