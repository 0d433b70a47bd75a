"""No secret is written anywhere but where it is meant to be: not to the log, not to a terminal, not unsealed."""

from base64 import b64encode
from pathlib import Path

from botocore.exceptions import ClientError

from tests.factories.layouts import image
from tests.factories.processes import Credentials, serve
from tests.factories.registry import Registry
from tests.operation.commands import entrepot

CANARY = "canary+SECRET/canary+SECRET/canary+SECRET"
MEANT = {"credentials", "secret.key", "tls/ca.key", "tls/leaf.key"}


def test_after_a_session_of_use_and_misuse_secrets_are_nowhere(tmp_path):
    keys = {"ENTREPOT_ROOT_ACCESS_KEY_ID": "AKIACANARYCANARYCANA", "ENTREPOT_ROOT_SECRET_ACCESS_KEY": CANARY}
    with serve(tmp_path, tls=True, extra=("--workers", "2"), environment=keys) as server:
        made = entrepot("account", "create", "--data", server.data, "--output", "json").result
        rotated = entrepot("key", "rotate", "--account", made["account_id"], "--data", server.data, "--output", "json")
        token = entrepot("token", "issue", "--data", server.data, "--output", "json").result["password"]
        secrets = {CANARY, made["secret_access_key"], rotated.result["secret_access_key"], token, server.token()}
        use(server, token)
        misuse(server, made["secret_access_key"], token)
        listed = entrepot("account", "list", "--data", server.data)
    assert listed.status == 0
    forms = {form for secret in secrets for form in (secret, b64encode(f"AWS:{secret}".encode()).decode())}
    forms.add((server.data / "secret.key").read_text().strip())
    assert leaks(forms, [server.log], Path("/")) == []
    kept = [path for path in server.data.rglob("*") if path.is_file()]
    assert {str(path.relative_to(server.data)) for path in kept} >= MEANT - {"tls/ca.key"}
    assert leaks(forms, [path for path in kept if str(path.relative_to(server.data)) not in MEANT], server.data) == []
    assert not any(form in listed.out + listed.complaint for form in forms)
    assert leaks(forms, [server.data / "credentials"], server.data) != []  # the search does find what is there


def use(server, token: str) -> None:
    server.client().create_repository(repositoryName="secrets")
    registry = Registry(server, token)
    registry.push("secrets", image(71), "one")
    assert registry.pull("secrets", "one")
    server.client("sts").get_caller_identity()


def misuse(server, secret: str, token: str) -> None:
    """Secrets in all the wrong places."""
    wrong = Credentials("AKIACANARYCANARYCANA", secret)
    for attempt in (
        lambda: server.client("sts", credentials=wrong).get_caller_identity(),
        lambda: server.client().describe_repositories(repositoryNames=["absent"]),
    ):
        try:
            attempt()
        except ClientError:
            continue
        raise AssertionError("was not refused")
    registry = Registry(server, "")
    for method, path, headers in (
        ("GET", f"/v2/?password={token}", {}),
        ("GET", f"/?X-Amz-Security-Token={token}&X-Amz-Signature={secret}", {}),
        ("GET", "/v2/", {"Authorization": f"Basic {token}"}),
        ("GET", "/v2/", {"Authorization": f"Basic {b64encode(f'user:{secret}'.encode()).decode()}"}),
        ("GET", "/v2/", {"Authorization": f"Bearer {token}x"}),
        ("POST", "/", {"Authorization": f"AWS4-HMAC-SHA256 Credential={secret}"}),
        ("GET", "/metrics", {"Authorization": f"Basic {token}"}),
    ):
        assert registry.request(method, path, None, **headers).status < 500


def leaks(forms: set[str], paths: list[Path], root: Path) -> list[str]:
    return [
        f"{path.relative_to(root)}: {form[:8]}"
        for path in paths
        for form in forms
        if form.encode() in path.read_bytes()
    ]
