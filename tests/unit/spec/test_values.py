"""Laws of digests, tags, repository names, page tokens and ULIDs."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.errors import (
    DigestInvalid,
    NameInvalid,
    PageTokenInvalid,
    ParameterInvalid,
    RepositoryNameReserved,
    TagInvalid,
)
from entrepot.spec.digest import ALGORITHMS, Digest, hasher
from entrepot.spec.paging import decode_token, encode_token
from entrepot.spec.reference import Tag, parse_reference
from entrepot.spec.repository import RegistryKey, RepositoryKey, parse_name
from entrepot.spec.ulid import new_ulid

component = st.from_regex(r"[a-z0-9]{1,8}((\.|_|__|-{1,3})[a-z0-9]{1,8}){0,2}", fullmatch=True)
names = (
    st.lists(component, min_size=1, max_size=4)
    .map("/".join)
    .filter(lambda name: len(name) > 1 and not name.startswith("public.ecr"))
)


@given(st.binary(max_size=64), st.sampled_from(ALGORITHMS))
def test_a_digest_parses_to_itself(data: bytes, algorithm: str) -> None:
    digest = Digest.of(data, algorithm)
    running = hasher(algorithm)
    running.update(data)
    assert Digest.parse(digest) == digest == f"{digest.algorithm}:{digest.hex}"
    assert running.hexdigest() == digest.hex == hashlib.new(algorithm, data).hexdigest()


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "sha256",
        "sha256:",
        "sha256:" + "g" * 64,
        "sha256:" + "A" * 64,
        "SHA256:" + "a" * 64,
        "sha256:" + "a" * 63,
        "sha256:" + "a" * 65,
        "sha512:" + "a" * 64,
        "sha256:" + "a" * 64 + "\n",
        "sha256:" + "\u0661" * 64,
        "sha384:" + "a" * 96,
        "md5:" + "a" * 32,
    ],
)
def test_anything_else_is_no_digest(text: str) -> None:
    with pytest.raises(DigestInvalid):
        Digest.parse(text)


def test_no_other_algorithm_is_hashed() -> None:
    with pytest.raises(DigestInvalid):
        hasher("md5")


@given(st.from_regex(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}", fullmatch=True))
def test_a_tag_parses_to_itself_and_is_no_digest(text: str) -> None:
    assert isinstance(parse_reference(text), Tag)
    assert parse_reference(text) == text


@pytest.mark.parametrize("text", ["", ".a", "-a", "a" * 129, "a b", "a/b", "a\n", "\xe4", "a%20"])
def test_anything_else_is_no_tag(text: str) -> None:
    with pytest.raises(TagInvalid):
        Tag.parse(text)


def test_a_reference_with_a_colon_is_a_digest_or_nothing() -> None:
    assert isinstance(parse_reference(Digest.of(b"")), Digest)
    with pytest.raises(DigestInvalid):
        parse_reference("a:b")


@given(names)
def test_names_of_the_grammar_are_kept(name: str) -> None:
    assert parse_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a",
        "a" * 257,
        "A/b",
        "a//b",
        "/ab",
        "ab/",
        "a..b",
        "a___b",
        "-ab",
        "ab-",
        "a b",
        "ab\n",
        "../ab",
        "a%2fb",
        "\xe4b",
    ],
)
def test_anything_else_is_no_name(name: str) -> None:
    with pytest.raises(NameInvalid):
        parse_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "123456789012/us-east-1",
        "123456789012/us-east-1/app",
        "000000000000/eu-central-1/a/b",
        "123456789012/us-gov-west-1/app",
        "123456789012/xx-nowhere-9/app",
        "public.ecr",
        "public.ecr/alias/app",
    ],
)
def test_a_name_that_is_an_address_is_reserved(name: str) -> None:
    with pytest.raises(RepositoryNameReserved):
        parse_name(name)


@pytest.mark.parametrize("name", ["123456789012/app", "12345678901/us-east-1/app", "public.ecrs/a", "a/public.ecr"])
def test_a_name_that_only_resembles_an_address_is_free(name: str) -> None:
    assert parse_name(name) == name


@given(
    names, st.sampled_from([RegistryKey("private", "123456789012", "eu-west-1"), RegistryKey("public", "1" * 12, "")])
)
def test_an_arn_parses_to_its_repository(name: str, registry: RegistryKey) -> None:
    key = RepositoryKey(registry, name)
    assert RepositoryKey.parse_arn(key.arn) == key


@given(st.text(max_size=60))
def test_other_text_is_no_arn(text: str) -> None:
    with pytest.raises(ParameterInvalid):
        RepositoryKey.parse_arn(text)


texts = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=3)

keys = texts.filter(lambda key: not any("\0" in part for part in key))


@given(keys, texts)
def test_a_page_token_gives_its_key_back(key: list[str], scope: list[str]) -> None:
    assert decode_token(encode_token(key, scope), scope) == key


def test_a_page_token_with_a_nul_is_invalid() -> None:
    with pytest.raises(PageTokenInvalid):
        decode_token(encode_token(["a\0"], []), [])


@given(texts, texts, texts)
def test_a_page_token_of_another_scope_is_invalid(key: list[str], scope: list[str], other: list[str]) -> None:
    if scope != other:
        with pytest.raises(PageTokenInvalid):
            decode_token(encode_token(key, scope), other)


@given(st.text(max_size=80) | st.just("a" * 5000))
def test_a_token_of_chance_is_invalid(text: str) -> None:
    with pytest.raises(PageTokenInvalid):
        decode_token(text, ["ListImages"])


def test_ulids_are_distinct_and_sort_by_their_millisecond() -> None:
    made = [new_ulid() for _ in range(2000)]
    assert len(set(made)) == len(made)
    assert all(len(each) == 26 and set(each) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ") for each in made)
    moments = [each[:10] for each in made]
    assert moments == sorted(moments)
