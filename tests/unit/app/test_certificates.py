"""Certificates of an own authority: trusted, kept, renewed."""

import asyncio
import ssl
import stat
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from entrepot.app import certificates
from entrepot.errors.start import CertificateInvalid

NAMES = ("localhost", "127.0.0.1", "*.dkr.ecr.us-east-1.example.com")
NOW = datetime.now(UTC)


async def protocol_with(server: ssl.SSLContext, ca, name: str) -> str | None:
    client = ssl.create_default_context(cafile=str(ca))
    client.set_alpn_protocols(["h2", "http/1.1"])

    async def serve(_, writer):
        writer.close()
        await writer.wait_closed()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server)
    port = listening.sockets[0].getsockname()[1]
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client, server_hostname=name)
        chosen: str | None = writer.get_extra_info("ssl_object").selected_alpn_protocol()
        writer.close()
        await writer.wait_closed()
        return chosen
    finally:
        listening.close()
        await listening.wait_closed()


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "000000000000.dkr.ecr.us-east-1.example.com"])
async def test_a_client_that_trusts_the_authority_reaches_every_name_over_http_1(tmp_path, name):
    context = certificates.context(*certificates.self_signed(tmp_path, NAMES))
    assert await protocol_with(context, tmp_path / "ca.pem", name) == "http/1.1"


def test_keys_are_for_their_owner_alone(tmp_path):
    _, key = certificates.self_signed(tmp_path, NAMES)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (key, tmp_path / "tls" / "ca.key")] == [0o600, 0o600]


def test_what_is_still_good_is_kept(tmp_path):
    certificate, _ = certificates.self_signed(tmp_path, NAMES)
    before = certificate.read_bytes()
    certificates.self_signed(tmp_path, NAMES, NOW + timedelta(days=300))
    assert certificate.read_bytes() == before


def test_a_certificate_is_renewed_before_it_expires_under_the_same_authority(tmp_path):
    certificate, _ = certificates.self_signed(tmp_path, NAMES)
    authority = (tmp_path / "ca.pem").read_bytes()
    later = NOW + timedelta(days=380)
    certificates.self_signed(tmp_path, NAMES, later)
    assert x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc > later + timedelta(days=300)
    assert (tmp_path / "ca.pem").read_bytes() == authority


def test_other_names_bring_another_certificate(tmp_path):
    certificate, _ = certificates.self_signed(tmp_path, NAMES)
    before = certificate.read_bytes()
    certificates.self_signed(tmp_path, ("localhost",))
    assert certificate.read_bytes() != before


def test_host_style_names_are_covered_when_a_domain_is_set():
    names = certificates.host_names("0.0.0.0", "example.com", ["eu-west-1"], ["registry.example.org"])
    assert {"localhost", "*.dkr.ecr.eu-west-1.example.com", "api.ecr.eu-west-1.example.com"} <= set(names)
    assert "registry.example.org" in names
    assert "0.0.0.0" not in names


def test_files_that_are_no_certificate_are_a_refusal(tmp_path):
    (tmp_path / "a.pem").write_text("nothing")
    with pytest.raises(CertificateInvalid, match=r"a\.pem"):
        certificates.context(tmp_path / "a.pem", tmp_path / "a.pem")
