"""Which system it is, from os-release and from the files before it."""

import pytest

from entrepot.errors.scanning import FileMalformed, FileTooLarge
from entrepot.scan.packages import Release
from entrepot.scan.system import os_release
from entrepot.scan.system.os_release import PRIORITY, READERS
from tests.factories.layer_files import MemoryFile


def read(path: str, text: str) -> Release:
    (reader,) = (reader for reader in READERS if path in reader.paths)
    found = reader.read(MemoryFile(path, text.encode()), list)
    assert isinstance(found, Release)
    return found


def test_os_release_says_it_all():
    text = (
        'NAME="Red Hat Enterprise Linux"\nVERSION="9.4 (Plow)"\n# ID=no\nID="rhel"\n'
        'ID_LIKE="fedora"\nVERSION_ID="9.4"\n'
        'PLATFORM_ID="platform:el9"\nPRETTY_NAME="Red Hat Enterprise Linux 9.4 (Plow)"\nVARIANT_ID=\'container\'\n'
        'CPE_NAME="cpe:/o:redhat:enterprise_linux:9::baseos"\n'
    )
    assert read("etc/os-release", text) == Release(
        id="rhel",
        version="9.4",
        id_like=["fedora"],
        name="Red Hat Enterprise Linux 9.4 (Plow)",
        cpe="cpe:/o:redhat:enterprise_linux:9::baseos",
        variant="container",
    )


@pytest.mark.parametrize(
    ("text", "identity", "version"),
    [
        ("ID=alpine\nVERSION_ID=3.20.1", "alpine", "3.20.1"),
        ("ID='amzn'\r\nVERSION_ID='2'\r\n", "amzn", "2"),
        ('ID="opensuse-leap"\nVERSION_ID="15.6"', "opensuse-leap", "15.6"),
        ('NAME=x\nVERSION_ID="1', "linux", "1"),
        (' ID=Debian \nVERSION_ID="a \\"b\\" c"', "debian", 'a "b" c'),
    ],
)
def test_values_are_quoted_as_in_the_shell(text, identity, version):
    found = read("usr/lib/os-release", text)
    assert (found.id, found.version) == (identity, version)


def test_what_has_no_number_yet_has_a_code_name():
    text = 'PRETTY_NAME="Debian GNU/Linux trixie/sid"\nID=debian\nVERSION_CODENAME=trixie\n'
    assert read("etc/os-release", text) == Release(
        "debian", id_like=[], name="Debian GNU/Linux trixie/sid", codename="trixie"
    )
    assert read("etc/debian_version", "trixie/sid\n") == Release("debian", codename="trixie")


@pytest.mark.parametrize(
    ("path", "text", "identity", "version"),
    [
        ("etc/alpine-release", "3.10.4\n", "alpine", "3.10.4"),
        ("etc/alpine-release", "3.23.0_alpha20250612\n", "alpine", "3.23.0_alpha20250612"),
        ("etc/debian_version", "7.11\n", "debian", "7.11"),
        ("etc/redhat-release", "Red Hat Enterprise Linux Server release 5.11 (Tikanga)\n", "rhel", "5.11"),
        ("etc/redhat-release", "Red Hat Enterprise Linux release 8.4 (Ootpa)", "rhel", "8.4"),
        ("etc/redhat-release", "CentOS release 6.10 (Final)", "centos", "6.10"),
        ("etc/centos-release", "CentOS Linux release 7.9.2009 (Core)", "centos", "7.9.2009"),
        ("etc/centos-release", "CentOS Stream release 9", "centos", "9"),
        ("etc/redhat-release", "Rocky Linux release 8.5 (Green Obsidian)", "rocky", "8.5"),
        ("etc/redhat-release", "AlmaLinux release 8.5 (Arctic Sphynx)", "almalinux", "8.5"),
        ("etc/fedora-release", "Fedora release 35 (Thirty Five)", "fedora", "35"),
        ("etc/oracle-release", "Oracle Linux Server release 6.10", "ol", "6.10"),
        ("etc/system-release", "Amazon Linux AMI release 2018.03", "amzn", "2018.03"),
        ("etc/system-release", "Amazon Linux release 2 (Karoo)", "amzn", "2"),
        ("etc/system-release", "Amazon Linux 2", "amzn", "2"),
        ("etc/redhat-release", "Scientific Linux release 6.1 (Carbon)", "scientific", "6.1"),
        ("etc/lsb-release", "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=10.04\nDISTRIB_CODENAME=lucid", "ubuntu", "10.04"),
    ],
)
def test_the_elder_files_say_who_and_which(path, text, identity, version):
    found = read(path, text)
    assert (found.id, found.version) == (identity, version)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("etc/os-release", ""),
        ("etc/os-release", "\0\1\2"),
        ("etc/lsb-release", "LSB_VERSION=base-4.0-amd64"),
        ("etc/redhat-release", "My own Linux"),
        ("etc/redhat-release", "My own release 7"),
        ("etc/debian_version", ""),
        ("etc/alpine-release", "3\n4"),
    ],
)
def test_what_says_nothing_is_malformed(path, text):
    with pytest.raises(FileMalformed):
        read(path, text)


def test_nothing_that_long_is_read():
    with pytest.raises(FileTooLarge):
        read("etc/os-release", "x" * 100_000)


def test_each_file_has_a_place_in_the_order():
    assert {path for reader in READERS for path in reader.paths} == set(PRIORITY)
    assert PRIORITY[:2] == ("etc/os-release", "usr/lib/os-release")
    assert os_release.PRIORITY.index("etc/lsb-release") < PRIORITY.index("etc/debian_version")  # Ubuntu has both
