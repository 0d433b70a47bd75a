"""Certificates for signatures of images: an authority that signs itself, leaves that it issues, lists of those revoked
(RFC 5280; Notary Project, "Signature Specification", "Certificate Requirements"). All in DER; ECDSA over P-384.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SPEC: Final = "ECC_NIST_P384"
_HASH: Final = hashes.SHA384()
_SKEW: Final = timedelta(minutes=5)
_LIFE: Final = timedelta(days=365 * 40)
_COUNTRY: Final = "ZZ"  # of nobody: ISO 3166 leaves it to users
_ORGANIZATION: Final = "Entrepot"
_COORDINATE_BYTES: Final = 48


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate that signs itself, and its private key (PKCS #8)."""

    certificate: bytes
    private: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Leaf:
    """Who signs, with which public key (SubjectPublicKeyInfo), from when until when; `list_url` is where it would be
    told that this is revoked, '' where there is none.
    """

    account: str
    region: str
    profile: str
    version: str
    public: bytes
    serial: int
    at: datetime
    until: datetime
    list_url: str


def new_authority(account: str, at: datetime) -> Authority:
    """A fresh authority of an account."""
    key = ec.generate_private_key(ec.SECP384R1())
    name = _name(account, "-", f"Entrepot signing root {account}")
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - _SKEW)
        .not_valid_after(at + _LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, _HASH)
    )
    private = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Authority(made.public_bytes(serialization.Encoding.DER), private)


def new_serial() -> int:
    """A serial number that nobody has."""
    return x509.random_serial_number()


def issue(authority: Authority, leaf: Leaf) -> bytes:
    """A certificate for a public key, which signs and does nothing else."""
    issuer, key = _opened(authority)
    public = serialization.load_der_public_key(leaf.public)
    if not isinstance(public, ec.EllipticCurvePublicKey):
        raise TypeError("not a key that signs here")
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(leaf.account, leaf.region, leaf.profile, leaf.version))
        .issuer_name(issuer.subject)
        .public_key(public)
        .serial_number(leaf.serial)
        .not_valid_before(leaf.at - _SKEW)
        .not_valid_after(min(leaf.until, issuer.not_valid_after_utc))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
        .add_extension(_authority_identifier(issuer), critical=False)
    )
    if leaf.list_url:
        builder = builder.add_extension(x509.CRLDistributionPoints([_point(leaf.list_url)]), critical=False)
    return builder.sign(key, _HASH).public_bytes(serialization.Encoding.DER)


def revocation_list(
    authority: Authority, url: str, number: int, revoked: Iterable[tuple[int, datetime]], at: datetime, until: datetime
) -> bytes:
    """The list of serial numbers that are revoked, among all those whose certificates name `url`; the next is there
    before `until`.
    """
    issuer, key = _opened(authority)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(at)
        .next_update(until)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(_authority_identifier(issuer), critical=False)
        .add_extension(_scope(url), critical=True)
    )
    for serial, when in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(when)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(key, _HASH).public_bytes(serialization.Encoding.DER)


def pem(certificate: bytes) -> str:
    """A certificate as trust stores have it."""
    return x509.load_der_x509_certificate(certificate).public_bytes(serialization.Encoding.PEM).decode()


def public_pem(public: bytes) -> str:
    """A public key as verifiers take it."""
    return (
        serialization.load_der_public_key(public)
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def thumbprint(certificate: bytes) -> str:
    """What names a certificate: SHA-256 of it."""
    return hashlib.sha256(certificate).hexdigest()


def plain_signature(der: bytes) -> bytes:
    """A signature of ECDSA over P-384 as JWS has it: r and s, one after the other."""
    r, s = decode_dss_signature(der)
    return r.to_bytes(_COORDINATE_BYTES, "big") + s.to_bytes(_COORDINATE_BYTES, "big")


def _opened(authority: Authority) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = serialization.load_der_private_key(authority.private, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("not a key that signs here")
    return x509.load_der_x509_certificate(authority.certificate), key


def _name(account: str, region: str, common: str, version: str = "") -> x509.Name:
    """Country, state and organization must be there: trust policies name signers by these."""
    parts = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, _COUNTRY),
        x509.NameAttribute(NameOID.STATE_OR_PROVINCE_NAME, region),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANIZATION),
        x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, account),
        x509.NameAttribute(NameOID.COMMON_NAME, common),
    ]
    if version:
        parts.insert(2, x509.NameAttribute(NameOID.LOCALITY_NAME, version))
    return x509.Name(parts)


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs,
        key_cert_sign=not signs,
        crl_sign=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _authority_identifier(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    subject_key = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(subject_key)


def _point(url: str) -> x509.DistributionPoint:
    return x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)


def _scope(url: str) -> x509.IssuingDistributionPoint:
    return x509.IssuingDistributionPoint(
        full_name=[x509.UniformResourceIdentifier(url)],
        relative_name=None,
        only_contains_user_certs=False,
        only_contains_ca_certs=False,
        only_some_reasons=None,
        indirect_crl=False,
        only_contains_attribute_certs=False,
    )
