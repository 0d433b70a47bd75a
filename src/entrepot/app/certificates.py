"""TLS: the operator's certificate, or one of an own authority that is made here and renewed before it expires.

DATA/ca.pem          the authority's certificate, for clients to trust      tls/ca.key       its key (0600)
DATA/tls/leaf.pem    the server's certificate                               tls/leaf.key     its key (0600)
"""

import os
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from entrepot.errors.start import CertificateInvalid

_CA_LIFE = timedelta(days=3650)
_LEAF_LIFE = timedelta(days=397)  # the longest that clients accept
_RENEW_BEFORE = timedelta(days=30)
_SKEW = timedelta(hours=1)


def context(certificate: Path, key: Path) -> ssl.SSLContext:
    """A server's TLS context of these files: HTTP/1.1 only. CertificateInvalid."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_alpn_protocols(["http/1.1"])
    try:
        made.load_cert_chain(certificate, key)
    except (OSError, ValueError) as fault:
        raise CertificateInvalid(certificate=certificate, key=key, reason=fault) from None
    return made


def host_names(host: str, domain: str | None, regions: Sequence[str], aliases: Sequence[str]) -> tuple[str, ...]:
    """Every name and address that a client may use for this server."""
    names = ["localhost", "127.0.0.1", "::1", *aliases]
    if host not in {"0.0.0.0", "::"}:
        names.append(host)
    else:
        names.append(os.uname().nodename)
    if domain:
        names += [domain, f"*.{domain}", f"*.ecr.{domain}"]
        names += ["public.ecr.aws"] if domain == "amazonaws.com" else []
        for region in regions:
            names += [f"*.dkr.ecr.{region}.{domain}", f"api.ecr.{region}.{domain}"]
    return tuple(dict.fromkeys(names))


def self_signed(data: Path, names: Sequence[str], now: datetime | None = None) -> tuple[Path, Path]:
    """(certificate, key) for these names, made or renewed as needed; the authority is DATA/ca.pem."""
    now = now or datetime.now(UTC)
    folder = data / "tls"
    folder.mkdir(mode=0o700, exist_ok=True)
    certificate, key = folder / "leaf.pem", folder / "leaf.key"
    authority = _read(data / "ca.pem")
    if authority is None or not (folder / "ca.key").exists() or authority.not_valid_after_utc - now < _LEAF_LIFE:
        authority = _make_authority(data / "ca.pem", folder / "ca.key", now)
    leaf = _read(certificate)
    if leaf is None or not key.exists() or not _still_good(leaf, authority, names, now):
        _make_leaf(folder, authority, names, now)
    return certificate, key


def _still_good(leaf: x509.Certificate, authority: x509.Certificate, names: Sequence[str], now: datetime) -> bool:
    covered = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return (
        leaf.issuer == authority.subject
        and _key_id(leaf) == _key_id(authority, of_subject=True)
        and set(covered) == set(_general_names(names))
        and leaf.not_valid_after_utc - now > _RENEW_BEFORE
    )


def _key_id(certificate: x509.Certificate, *, of_subject: bool = False) -> bytes | None:
    if of_subject:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    return certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier


def _make_authority(path: Path, key_path: Path, now: datetime) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Entrepot own authority")])
    usage = _usage(key_cert_sign=True, crl_sign=True)
    made = (
        _builder(name, name, key.public_key(), now, _CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write_key(key_path, key)
    _write(path, made.public_bytes(serialization.Encoding.PEM), 0o644)
    return made


def _make_leaf(folder: Path, authority: x509.Certificate, names: Sequence[str], now: datetime) -> None:
    signer = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), password=None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise CertificateInvalid(certificate=folder.parent / "ca.pem", key=folder / "ca.key", reason="not our key")
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "entrepot")])
    subject_key = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    made = (
        _builder(subject, authority.subject, key.public_key(), now, _LEAF_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(_general_names(names)), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(subject_key), critical=False)
        .sign(signer, hashes.SHA256())
    )
    _write_key(folder / "leaf.key", key)
    _write(folder / "leaf.pem", made.public_bytes(serialization.Encoding.PEM), 0o644)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - _SKEW).not_valid_after(now + life)


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_names(names: Sequence[str]) -> list[x509.GeneralName]:
    return [_general_name(name) for name in names]


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _read(path: Path) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _write(path, pem, 0o600)


def _write(path: Path, content: bytes, mode: int) -> None:
    """All of it or nothing."""
    fresh = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
