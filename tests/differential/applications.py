"""Archives of Java and lists of .NET in the forms that build tools write, each with what makes it hard to read.

Only names and versions matter: no class stands in any archive.
"""

import io
import json
import zipfile
from collections.abc import Mapping

from tests.factories.language_files import Content, manifest, pom

_WHEN = (2024, 1, 1, 0, 0, 0)


def jar(entries: Mapping[str, Content], stored: bool = False) -> bytes:
    """An archive that is the same whenever it is made."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as made:
        for name, content in entries.items():
            made.writestr(zipfile.ZipInfo(name, _WHEN), content, zipfile.ZIP_STORED if stored else None)
    return written.getvalue()


def library(group: str, artifact: str, version: str) -> bytes:
    """What Maven builds."""
    return jar(
        {**manifest(Implementation_Title=artifact, Implementation_Version=version), **pom(group, artifact, version)}
    )


def java() -> dict[str, bytes]:
    """Archives by where they lie."""
    log4j = library("org.apache.logging.log4j", "log4j-core", "2.14.1")
    jackson = library("com.fasterxml.jackson.core", "jackson-databind", "2.9.8")
    spring = jar({**manifest(Implementation_Title="spring-core", Implementation_Version="5.3.1"), "a.txt": "x"})
    boot = {
        **manifest(Start_Class="org.example.Main", Spring_Boot_Version="2.4.0"),
        **pom("org.example", "boot", "1.0.0"),
        "BOOT-INF/lib/log4j-core-2.14.1.jar": log4j,
        "BOOT-INF/lib/jackson-databind-2.9.8.jar": jackson,
        "BOOT-INF/lib/spring-core-5.3.1.jar": spring,
    }
    web = {"WEB-INF/lib/commons-text-1.9.jar": library("org.apache.commons", "commons-text", "1.9")}
    whole = {"web.war": jar(web), "lib/guava-29.0-jre.jar": library("com.google.guava", "guava", "29.0-jre")}
    shaded = {
        **manifest(Implementation_Title="shaded", Implementation_Version="3.0.0"),
        **pom("org.example", "shaded", "3.0.0"),
        **pom("com.google.code.gson", "gson", "2.8.0"),
        **pom("org.yaml", "snakeyaml", "1.26"),
    }
    named = {
        **manifest(Implementation_Vendor_Id="org.example", Implementation_Title="named", Implementation_Version="4.5"),
    }
    bundle = manifest(
        Bundle_SymbolicName="org.eclipse.jetty.util", Bundle_Version="9.4.30.v20200611", Bundle_ManifestVersion="2"
    )
    return {
        "opt/lib/log4j-core-2.14.1.jar": log4j,
        "opt/lib/renamed.jar": library("org.apache.commons", "commons-compress", "1.18"),
        "opt/boot/app.jar": jar(boot),
        "opt/boot/stored.jar": jar({f"lib/{place}": data for place, data in {"c.jar": jackson}.items()}, stored=True),
        "opt/ear/whole.ear": jar(whole),
        "opt/lib/shaded-3.0.0.jar": jar(shaded),
        "opt/lib/named-4.5.jar": jar(named),
        "opt/lib/jetty-util-9.4.30.v20200611.jar": jar(bundle),
        "opt/lib/nothing-1.0.jar": jar({"a.txt": "x"}),
        "opt/lib/nothing.jar": jar({"a.txt": "x"}),
        "opt/plugins/git.hpi": jar(pom("org.jenkins-ci.plugins", "git", "4.0.0")),
    }


def dotnet() -> dict[str, bytes]:
    """Lists of dependencies by where they lie."""
    target = ".NETCoreApp,Version=v8.0/linux-x64"
    libraries: dict[str, tuple[str, dict[str, object]]] = {
        "Web/1.0.0": ("project", {"runtime": {"Web.dll": {}}}),
        "Newtonsoft.Json/12.0.1": ("package", {"runtime": {"lib/netstandard2.0/Newtonsoft.Json.dll": {}}}),
        "System.Text.Encodings.Web/4.5.0": ("package", {"runtime": {"lib/a.dll": {}}}),
        "Microsoft.Data.SqlClient/2.0.0": ("package", {"runtimeTargets": {"runtimes/unix/lib/a.dll": {}}}),
        "Microsoft.NETCore.Platforms/3.1.0": ("package", {}),
        "NETStandard.Library/2.0.3": ("package", {"dependencies": {"Microsoft.NETCore.Platforms": "1.1.0"}}),
        "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1": (
            "runtimepack",
            {"runtime": {"System.Private.CoreLib.dll": {}}},
        ),
    }
    document = {
        "runtimeTarget": {"name": target, "signature": ""},
        "targets": {".NETCoreApp,Version=v8.0": {}, target: {key: assets for key, (_, assets) in libraries.items()}},
        "libraries": {
            key: {"type": kind, "serviceable": kind == "package", "sha512": ""} for key, (kind, _) in libraries.items()
        },
    }
    return {"app/Web.deps.json": json.dumps(document, indent=2).encode()}
