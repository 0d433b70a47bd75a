"""Roots of images that real package managers fill, each made once and kept under build/differential by what is pinned.

What a recipe needs and the machine lacks ends its test (tests/factories/absent.py); CI has all of it.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.differential.saving import pack
from tests.factories.absent import absent

_ROOT = Path(__file__).parent.parent.parent
_KEPT = _ROOT / "build" / "differential"
_SECONDS = 900
_RELEASE = 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'
DEBIAN = ("python3-yaml", "python3-urllib3")  # language files that the system owns
PYTHON = (
    "Django==3.2",
    "Jinja2==2.10",
    "certifi==2022.5.18",
    "cryptography==3.3",
    "requests==2.20.0",
    "urllib3==1.24.1",
)
NODE = ("express@4.17.1", "lodash@4.17.15", "minimist@1.2.0", "@babel/code-frame@7.0.0")
GEMS = (("rack", "2.2.2"), ("i18n", "1.8.0"), ("addressable", "2.7.0"), ("nokogiri", "1.10.0"))
MODULES = ("golang.org/x/crypto v0.1.0", "golang.org/x/text v0.3.7", "gopkg.in/yaml.v2 v2.2.2")
COMPOSER = (("symfony/http-kernel", "v4.4.0"), ("guzzlehttp/psr7", "1.8.3"), ("twig/twig", "v2.14.0"))
_PROGRAM = """package main

import (
\t"fmt"

\t"golang.org/x/crypto/ssh"
\t"golang.org/x/text/language"
\t"gopkg.in/yaml.v2"
)

func main() {
\tvar out map[string]string
\tfmt.Println(yaml.Unmarshal([]byte("a: b"), &out), language.English, ssh.KeyAlgoRSA)
}
"""


def debian() -> Path:
    """A small Debian 12, by debootstrap from where this machine has its packages, under a name space of its own."""

    def make(root: Path) -> None:
        _needs("debootstrap")
        if os.geteuid():
            absent("debootstrap needs root")
        mirror = _told("apt-get", "indextargets", "--format", "$(SITE)").splitlines()[0]
        flags = ("--variant=minbase", f"--include={','.join(DEBIAN)}")
        _run("unshare", "--mount", "debootstrap", *flags, "bookworm", root, mirror)

    return _layer("debian", ("bookworm", *DEBIAN), make, without=("dev", "proc", "sys", "var/cache/apt"))


def release() -> Path:
    """Nothing but the name of a Debian, for packages of languages."""
    return _layer("release", (_RELEASE,), lambda root: _write(root, {"etc/os-release": _RELEASE}))


def python() -> Path:
    """What pip installs."""

    def make(root: Path) -> None:
        packages = root / "usr/local/lib/python3.11/site-packages"
        plain = ("--quiet", "--no-deps", "--no-compile", "--only-binary=:all:")
        _run(sys.executable, "-m", "pip", "install", *plain, "--target", packages, *PYTHON)

    return _layer("python", PYTHON, make)


def node() -> Path:
    """What npm installs."""

    def make(root: Path) -> None:
        made = _ROOT / "build" / "javascript" / "bin"
        npm = shutil.which("npm") or shutil.which("npm", path=made)
        if npm is None:
            absent("npm is not installed")
        app = root / "usr/src/app"
        app.mkdir(parents=True)
        plain = ("--ignore-scripts", "--no-audit", "--no-fund", "--silent")
        _run(npm, "install", *plain, "--prefix", app, *NODE, PATH=f"{made}:{os.environ['PATH']}")

    return _layer("node", NODE, make)


def gems() -> Path:
    """What RubyGems builds and installs: of the gems that are known only the names and versions matter."""

    def make(root: Path) -> None:
        _needs("gem")
        for name, version in GEMS:
            spec = root / f"{name}.gemspec"
            spec.write_text(
                f"Gem::Specification.new {{ |s| s.name = '{name}'; s.version = '{version}'; s.summary = 'a'; "
                "s.authors = ['a']; s.files = []; s.license = 'MIT' }"
            )
            _run("gem", "build", "--silent", spec.name, folder=root)
            bundle = root / "usr/local/bundle"
            plain = ("--local", "--no-document", "--ignore-dependencies", "--silent", "--force")
            _run("gem", "install", *plain, "--install-dir", bundle, f"{name}-{version}.gem", folder=root)
            spec.unlink()
            (root / f"{name}-{version}.gem").unlink()

    return _layer("gems", [f"{name} {version}" for name, version in GEMS], make)


def programs() -> Path:
    """A program that Go builds, and uv, which cargo-auditable built, of this project's own tools."""

    def make(root: Path) -> None:
        _needs("go")
        source, target = root / "source", root / "usr/local/bin"
        required = "".join(f"\t{each}\n" for each in MODULES)
        _write(
            source,
            {"main.go": _PROGRAM, "go.mod": f"module example.test/program\n\ngo 1.20\n\nrequire (\n{required})\n"},
        )
        _run("go", "build", "-mod=mod", "-trimpath", "-o", target / "program", ".", folder=source, CGO_ENABLED="0")
        shutil.rmtree(source)
        shutil.copy(Path(sys.executable).parent / "uv", target / "uv")

    uv = hashlib.sha256((Path(sys.executable).parent / "uv").read_bytes()).hexdigest()
    return _layer("programs", (*MODULES, _PROGRAM, uv, _told("go", "version")), make)


def composer() -> Path:
    """What Composer leaves, as it writes it."""
    installed = [{"name": name, "version": version, "license": ["MIT"]} for name, version in COMPOSER]
    text = json.dumps({"packages": installed})
    return _layer("composer", (text,), lambda root: _write(root, {"var/www/vendor/composer/installed.json": text}))


def changed(lower: Path) -> Path:
    """Over a Debian: a package is gone, another is newer, and what one owned is gone too, as dpkg would leave it."""

    def make(root: Path) -> None:
        with tarfile.open(lower) as archive:
            status = archive.extractfile("var/lib/dpkg/status")
            assert status is not None
            text = status.read().decode()
        stanzas = [each for each in text.split("\n\n") if not each.startswith("Package: login\n")]
        newer = [
            re.sub(r"(?m)^Version: .*", r"\g<0>+b9", each) if "Package: tar\n" in each else each for each in stanzas
        ]
        _write(root, {"var/lib/dpkg/status": "\n\n".join(newer), "usr/bin/.wh.login": ""})

    return _layer("changed", (str(lower), "2"), make)


def removed() -> Path:
    """Over languages: a package of npm is gone, all gems are, and another Jinja2 lies over the first."""
    site = "usr/local/lib/python3.11/site-packages"
    metadata = "Metadata-Version: 2.1\nName: Jinja2\nVersion: 3.1.2\n"
    files = {
        "usr/src/app/node_modules/.wh.lodash": "",
        "usr/local/bundle/.wh..wh..opq": "",
        f"{site}/.wh.Jinja2-2.10.dist-info": "",
        f"{site}/Jinja2-3.1.2.dist-info/METADATA": metadata,
    }
    return _layer("removed", (json.dumps(files),), lambda root: _write(root, files))


def folder(name: str, files: Mapping[str, bytes], mode: int = 0o644) -> Path:
    """A layer of these files."""
    digests = [f"{path} {hashlib.sha256(data).hexdigest()}" for path, data in files.items()]

    def make(root: Path) -> None:
        for path, data in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)
            (root / path).chmod(mode)

    return _layer(name, digests, make)


def _layer(name: str, pinned: Sequence[str], make: Callable[[Path], None], without: Sequence[str] = ()) -> Path:
    key = hashlib.sha256("\n".join(pinned).encode()).hexdigest()[:16]
    target = _KEPT / f"{name}-{key}.tar"
    _KEPT.mkdir(parents=True, exist_ok=True)
    with (_KEPT / f"{name}.lock").open("w") as lock:  # several test processes: one makes it
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            with tempfile.TemporaryDirectory(dir=_KEPT) as work:
                make(Path(work))
                pack(target.with_suffix(".partial"), Path(work), without=without).rename(target)
    return target


def _needs(program: str) -> None:
    if shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin") is None:
        absent(f"{program} is not installed")


def _told(*command: str) -> str:
    _needs(command[0])
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _run(*command: str | Path, folder: Path | None = None, **variables: str) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"


def _write(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
