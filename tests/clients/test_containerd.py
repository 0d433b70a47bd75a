"""containerd's ctr: import, push, pull by tag and digest, export; every byte compared."""

import tarfile
from pathlib import Path
from typing import Protocol

import pytest

from tests.clients.workplace import Workplace
from tests.factories.layouts import Image, Index, contents, image, index, read_layout, write_layout


class Images(Protocol):
    """A containerd whose images are looked at."""

    def images(self, command: str, *arguments: str | Path) -> str:
        """Run one of ctr's commands on them."""


class Ctr:
    def __init__(self, place: Workplace, address: str) -> None:
        self.place = place
        self.address = address
        self.user = f"AWS:{place.server.token()}"
        self.transport = ["--hosts-dir", str(self._hosts())] if place.tls else ["--plain-http"]

    def _hosts(self) -> Path:
        """Settings that make ctr speak TLS to loopback, which it takes for plain HTTP otherwise."""
        directory = self.place.path / "hosts" / self.place.server.host
        directory.mkdir(parents=True, exist_ok=True)
        url, authority = self.place.server.base_url, self.place.server.ca
        capabilities = 'capabilities = ["pull", "resolve", "push"]'
        (directory / "hosts.toml").write_text(f'[host."{url}"]\n{capabilities}\nca = "{authority}"\n')
        return directory.parent

    def images(self, command: str, *arguments: str | Path, succeeds: bool = True) -> str:
        return self.place.run("ctr", "--address", self.address, "images", command, *arguments, succeeds=succeeds)

    def push(self, reference: str) -> None:
        self.images("push", *self.transport, "--user", self.user, reference)

    def pull(self, reference: str, *, user: str | None = None, succeeds: bool = True) -> str:
        options = [*self.transport, "--snapshotter", "native", "--all-platforms", "--user", user or self.user]
        return self.images("pull", *options, reference, succeeds=succeeds)


@pytest.fixture
def ctr(workplace: Workplace, daemon: str) -> Ctr:
    return Ctr(workplace, daemon)


@pytest.mark.parametrize("kind", ["image", "schema-2", "index"])
def test_what_is_imported_and_pushed_is_pulled_and_exported_byte_by_byte(
    ctr: Ctr, workplace: Workplace, tmp_path, kind
):
    seed = 801 if workplace.tls else 851
    made: dict[str, Image | Index] = {
        "image": image(seed, layers=3, size=100_000),
        "schema-2": image(seed + 1, docker=True),
        "index": index(seed + 2),
    }
    content = made[kind]
    reference = f"{workplace.address}:v1"
    layout = write_layout(content, tmp_path / "made", reference)
    with tarfile.open(tmp_path / "made.tar", "w") as tar:
        tar.add(layout, arcname=".")
    ctr.images("import", "--all-platforms", "--snapshotter", "native", tmp_path / "made.tar")
    ctr.push(reference)
    ctr.images("rm", "--sync", reference)
    assert workplace.registry.pull(workplace.repository, "v1") == contents(content)
    for number, wanted in enumerate((reference, f"{workplace.address}@{content.digest}")):
        ctr.pull(wanted)
        assert exported(ctr, wanted, tmp_path / f"out{number}").items() >= contents(content).items()
        ctr.images("rm", "--sync", wanted)


def exported(ctr: Images, reference: str, directory: Path) -> dict[str, bytes]:
    directory.mkdir()
    ctr.images("export", "--all-platforms", directory / "out.tar", reference)
    with tarfile.open(directory / "out.tar") as tar:
        tar.extractall(directory, filter="data")
    return read_layout(directory)


def test_a_wrong_password_is_refused(ctr: Ctr, workplace: Workplace):
    workplace.registry.push(workplace.repository, image(810), "put")
    said = ctr.pull(f"{workplace.address}:put", user="AWS:wrong", succeeds=False)
    assert "401" in said or "unauthorized" in said or "authorization failed" in said
