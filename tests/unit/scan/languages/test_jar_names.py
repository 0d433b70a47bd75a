"""What a Java archive is called: by its name, its POM and its manifest."""

import pytest

from entrepot.scan.languages.jar_names import Coordinates, FileName, file_name, is_own, manifest, own, pom_properties


@pytest.mark.parametrize(
    ("name", "artifact", "version"),
    [
        ("spring-core-5.3.20.jar", "spring-core", "5.3.20"),
        ("log4j-1.2-api-2.17.1.jar", "log4j-1.2-api", "2.17.1"),
        ("guava-31.1-jre.jar", "guava", "31.1-jre"),
        ("kafka_2.13-3.5.0.jar", "kafka_2.13", "3.5.0"),
        ("a-1.0-alpha-2.jar", "a", "1.0-alpha-2"),
        ("a-1.0-beta-2.1.jar", "a", "1.0-beta-2.1"),
        ("a-1.0-20240101.120000-1.jar", "a", "1.0-20240101.120000-1"),
        ("a-1.0-SNAPSHOT.war", "a", "1.0-SNAPSHOT"),
        ("hibernate-core-5.6.9.Final.jar", "hibernate-core", "5.6.9.Final"),
        ("jboss-servlet-api_3.0_spec-1.0.2.Final.jar", "jboss-servlet-api_3.0_spec", "1.0.2.Final"),
        ("netty-transport-native-epoll-4.1.77.Final-linux-x86_64.jar", "netty-transport-native-epoll", "4.1.77.Final"),
        ("a-1.0-sources.jar", "a", "1.0"),
        ("app.jar", "", ""),
        ("-1.jar", "", ""),
        (".jar", "", ""),
        ("commons-logging.jar", "", ""),
    ],
)
def test_a_file_name_is_an_artifact_and_a_version(name, artifact, version):
    assert file_name(name) == FileName(name.rpartition(".")[0], artifact, version)


def test_a_long_name_is_read_in_linear_time():
    assert file_name("-1" * 100_000 + ".jar").artifact == ""
    assert file_name("a-1.a" * 100_000 + ".jar").artifact


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("version=1.0\ngroupId=g\nartifactId=a\n", Coordinates("g", "a", "1.0")),
        ("#c\r\n groupId = g \r\nartifactId=a\r\nversion=1=2\r\n", Coordinates("g", "a", "1=2")),
        ("version=${project.version}\ngroupId=g\nartifactId=a\n", None),
        ("version=\ngroupId=g\nartifactId=a\n", None),
        ("groupId=g\nartifactId=a\n", None),
        ("version=1\x00\ngroupId=g\nartifactId=a\n", None),
        ("", None),
    ],
)
def test_a_pom_says_all_three_or_nothing(text, found):
    assert pom_properties(text.encode()) == found


def test_the_main_section_of_a_manifest_is_unfolded():
    text = "Manifest-Version: 1.0\r\nBundle-SymbolicName: org.exam\r\n ple\r\nB: %key\r\n\r\nName: x/\r\nB: 2\r\n"
    assert manifest(text.encode()) == {"manifest-version": "1.0", "bundle-symbolicname": "org.example"}
    assert manifest(b"A: 1\rB: 2\r\rC: 3") == {"a": "1", "b": "2"}
    assert manifest(b"") == {}


@pytest.mark.parametrize(
    ("name", "alone", "expected"),
    [
        ("a-1.jar", False, True),
        ("a-2.jar", False, True),
        ("org.example.a-1.jar", False, True),
        ("b-1.jar", True, False),
        ("a-b-1.jar", True, False),
        ("app.jar", True, True),
        ("app.jar", False, False),
        ("a.jar", False, True),
        ("a-1-odd.jar", False, True),
    ],
)
def test_a_pom_is_the_archives_own_by_its_artifact_or_when_there_is_no_other(name, alone, expected):
    assert is_own(Coordinates("g", "a", "1"), file_name(name), alone=alone) is expected


@pytest.mark.parametrize(
    ("name", "attributes", "expected"),
    [
        ("spring-core-5.3.20.jar", {"automatic-module-name": "spring.core"}, "org.springframework:spring-core:5.3.20"),
        ("spring-boot-2.7.0.jar", {}, "org.springframework.boot:spring-boot:2.7.0"),
        ("spring-security-core-5.7.1.jar", {}, "org.springframework.security:spring-security-core:5.7.1"),
        (
            "tomcat-embed-core-9.0.60.jar",
            {"bundle-symbolicname": "org.apache.tomcat-embed-core"},
            "org.apache.tomcat.embed:tomcat-embed-core:9.0.60",
        ),
        (
            "catalina.jar",
            {"implementation-title": "Apache Tomcat", "implementation-version": "9.0.60"},
            "org.apache.tomcat:tomcat-catalina:9.0.60",
        ),
        (
            "x-1.jar",
            {"implementation-vendor-id": "org.example", "bundle-symbolicname": "com.other.x"},
            "org.example:x:1",
        ),
        ("x-1.jar", {"bundle-symbolicname": "org.example.x;singleton:=true"}, "org.example:x:1"),
        ("x-1.jar", {"bundle-symbolicname": "org.x.jdbc"}, "org.x:x:1"),
        ("x-1.jar", {"bundle-symbolicname": "org.example.y"}, "org.example:x:1"),
        ("x-1.jar", {"bundle-symbolicname": "org.example"}, "org.example:x:1"),
        ("org.osgi.core-4.3.1.jar", {}, "org.osgi:org.osgi.core:4.3.1"),
        ("javax.inject-1.jar", {}, "javax.inject:javax.inject:1"),
        ("x-1.jar", {"bundle-symbolicname": "org.apache.y"}, "org.apache.y:x:1"),
        ("x-1.jar", {"implementation-vendor-id": "org.apache"}, "x:x:1"),
        ("ant-junit-1.10.12.jar", {"implementation-vendor": "Apache"}, "org.apache.ant:ant-junit:1.10.12"),
        (
            "mysql-connector-java-8.0.28.jar",
            {"implementation-vendor-id": "com.mysql"},
            "mysql:mysql-connector-java:8.0.28",
        ),
        ("x-1.jar", {"implementation-vendor-id": "Some Vendor"}, "x:x:1"),
        ("x-1.jar", {"implementation-version": "2"}, "x:x:1"),
        ("x.jar", {"implementation-title": "the-x", "implementation-version": "2 (build 7)"}, "the-x:the-x:2"),
        ("x.jar", {"implementation-title": "The X", "specification-version": "3"}, "x:x:3"),
        (
            "x.hpi",
            {"short-name": "y", "plugin-version": "4", "group-id": "io.jenkins.plugins"},
            "io.jenkins.plugins:y:4",
        ),
        ("x.jar", {"implementation-version": "${version}", "bundle-version": "v5"}, "x:x:v5"),
    ],
)
def test_without_a_pom_the_name_comes_before_the_manifest(name, attributes, expected):
    found = own(file_name(name), attributes)
    assert found is not None
    assert ":".join(found) == expected


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("x.jar", {}),
        ("x.jar", {"implementation-version": "unknown"}),
        ("x-1.jar", {"weave-classes": "x"}),
        (".jar", {"implementation-version": "1"}),
    ],
)
def test_what_has_no_version_or_only_looks_like_a_library_is_none(name, attributes):
    assert own(file_name(name), attributes) is None
