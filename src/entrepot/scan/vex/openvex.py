"""OpenVEX 0.2.0: https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md .

A statement without a moment of its own has its document's; what is said later counts.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from entrepot.errors.vex import VexMalformed
from entrepot.scan.vex.decoding import decoded
from entrepot.scan.vex.products import identified
from entrepot.scan.vex.statements import (
    JUSTIFICATIONS,
    LONGEST_NAME,
    LONGEST_TEXT,
    MOST_CLAIMS,
    MOST_STATEMENTS,
    Document,
    Product,
    Statement,
    Status,
    name_of,
    said_at,
)

CONTEXT: Final = "https://openvex.dev/ns"
_VERSIONS: Final = ("", "/v0.2.0")


class _Subcomponent(msgspec.Struct):
    id: str = msgspec.field(default="", name="@id")
    identifiers: Mapping[str, str] = {}
    hashes: Mapping[str, str] = {}


class _Product(_Subcomponent):
    subcomponents: Sequence[_Subcomponent] = ()


class _Vulnerability(msgspec.Struct):
    name: str
    aliases: Sequence[str] = ()
    id: str = msgspec.field(default="", name="@id")


class _Statement(msgspec.Struct):
    vulnerability: _Vulnerability
    status: Status
    products: Sequence[_Product] = ()
    timestamp: datetime | None = None
    justification: str = ""
    impact_statement: str = ""
    action_statement: str = ""
    status_notes: str = ""


class _Document(msgspec.Struct):
    context: str = msgspec.field(name="@context")
    id: str = msgspec.field(name="@id")
    author: str
    timestamp: datetime
    statements: Sequence[_Statement]
    version: int | str = 1


def read(data: bytes) -> Document:
    """A document: VexMalformed. What it says of itself and does not matter here is left out."""
    told = decoded(data, _Document)
    if not told.context.startswith(CONTEXT) or told.context.removeprefix(CONTEXT) not in _VERSIONS:
        raise VexMalformed(reason=f"@context is {told.context[:100]!r}, and {CONTEXT}/v0.2.0 is what is read")
    if not told.id or not told.author:
        raise VexMalformed(reason="@id and author must say something")
    if len(told.statements) > MOST_STATEMENTS:
        raise VexMalformed(reason=f"it has more than {MOST_STATEMENTS} statements")
    moment = said_at(told.timestamp)
    statements = [_statement(number, each, moment) for number, each in enumerate(told.statements, 1)]
    if sum(len(each.products) or 1 for each in statements) > MOST_CLAIMS:
        raise VexMalformed(reason=f"its statements name more than {MOST_CLAIMS} products together")
    statements.sort(key=lambda each: each.said_at)
    return Document(name_of(told.id), told.author[:LONGEST_NAME], str(told.version)[:32], moment, statements)


def _statement(number: int, told: _Statement, moment: int) -> Statement:
    if not told.vulnerability.name:
        raise VexMalformed(reason=f"statement {number} names no vulnerability")
    _check(number, told)
    products = [list(_products(each)) for each in told.products]
    return Statement(
        name_of(told.vulnerability.name),
        tuple(dict.fromkeys(name_of(each) for each in told.vulnerability.aliases if each)),
        tuple(dict.fromkeys(each for some in products for each in some)),
        told.status,
        told.justification,
        (told.impact_statement or told.action_statement or told.status_notes)[:LONGEST_TEXT],
        moment if told.timestamp is None else said_at(told.timestamp),
        sum(not some for some in products),
    )


def _check(number: int, told: _Statement) -> None:
    """What the specification asks of a status."""
    if told.justification and told.justification not in JUSTIFICATIONS:
        reason = f"statement {number} has the justification {told.justification[:100]!r}, which OpenVEX does not know"
        raise VexMalformed(reason=reason)
    if told.status == "not_affected" and not (told.justification or told.impact_statement):
        reason = f"statement {number} says not_affected without a justification or an impact_statement"
        raise VexMalformed(reason=reason)


def _products(told: _Product) -> Iterator[Product]:
    """The product, or each of its parts that is vulnerable; nothing for what is no image and no package."""
    own = _product(told)
    if own is None:
        return
    if not told.subcomponents:
        yield own
    elif own.image:
        for each in told.subcomponents:
            part = _product(each)
            if part is not None and part.package:
                yield Product(own.image, part.package)


def _product(told: _Subcomponent) -> Product | None:
    return identified((told.identifiers.get("purl", ""), told.id), told.hashes, told.id)
