"""Groups of well-known Java libraries whose archives do not say them: Gradle and Ant write no pom.properties.

Trivy asks an index of checksums, which has a gigabyte; here stand the names of libraries that many images have.
"""

from typing import Final

# of many artifacts: by the beginning of the artifact's name, the longest that fits
_PREFIXES: Final = {
    "spring-": "org.springframework",
    "spring-boot": "org.springframework.boot",
    "spring-security-": "org.springframework.security",
    "spring-security-oauth": "org.springframework.security.oauth",
    "spring-data-": "org.springframework.data",
    "spring-cloud-": "org.springframework.cloud",
    "spring-batch-": "org.springframework.batch",
    "spring-integration-": "org.springframework.integration",
    "spring-session-": "org.springframework.session",
    "spring-kafka": "org.springframework.kafka",
    "spring-amqp": "org.springframework.amqp",
    "spring-rabbit": "org.springframework.amqp",
    "spring-hateoas": "org.springframework.hateoas",
    "spring-ldap-": "org.springframework.ldap",
    "spring-plugin-": "org.springframework.plugin",
    "spring-retry": "org.springframework.retry",
    "spring-restdocs-": "org.springframework.restdocs",
    "spring-graphql": "org.springframework.graphql",
    "spring-ws-": "org.springframework.ws",
    "spring-xml": "org.springframework.ws",
    "spring-webflow": "org.springframework.webflow",
    "spring-vault-": "org.springframework.vault",
    "spring-statemachine-": "org.springframework.statemachine",
    "tomcat-": "org.apache.tomcat",
    "tomcat-embed-": "org.apache.tomcat.embed",
    "asm-": "org.ow2.asm",
    "hamcrest": "org.hamcrest",
    "hibernate-": "org.hibernate",
    "junit-jupiter": "org.junit.jupiter",
    "junit-platform-": "org.junit.platform",
    "junit-vintage-": "org.junit.vintage",
    "powermock-": "org.powermock",
    "hibernate-validator": "org.hibernate.validator",
    "hibernate-search-": "org.hibernate.search",
    "kotlin-": "org.jetbrains.kotlin",
    "kotlinx-": "org.jetbrains.kotlinx",
    "okhttp": "com.squareup.okhttp3",
    "okio": "com.squareup.okio",
    "retrofit": "com.squareup.retrofit2",
    "groovy": "org.codehaus.groovy",
    "micrometer-": "io.micrometer",
    "reactor-core": "io.projectreactor",
    "reactor-netty": "io.projectreactor.netty",
    "grpc-": "io.grpc",
    "opentelemetry-": "io.opentelemetry",
    "kafka-clients": "org.apache.kafka",
    "kafka-streams": "org.apache.kafka",
    "kafka_": "org.apache.kafka",
    "lucene-": "org.apache.lucene",
    "solr-": "org.apache.solr",
    "elasticsearch": "org.elasticsearch",
    "elasticsearch-rest-": "org.elasticsearch.client",
    "opensearch": "org.opensearch",
    "bcprov-": "org.bouncycastle",
    "bcpkix-": "org.bouncycastle",
    "bcutil-": "org.bouncycastle",
    "bcpg-": "org.bouncycastle",
    "bctls-": "org.bouncycastle",
    "bcmail-": "org.bouncycastle",
    "bc-fips": "org.bouncycastle",
    "gradle-": "org.gradle",
    "rxjava": "io.reactivex.rxjava3",
    "rhino": "org.mozilla",
    "jgit": "org.eclipse.jgit",
    "pulsar-": "org.apache.pulsar",
    "graphql-java": "com.graphql-java",
    "thymeleaf-spring": "org.thymeleaf",
}
_NAMES: Final = {
    "activation": "javax.activation",
    "ant": "org.apache.ant",
    "apiguardian-api": "org.apiguardian",
    "asm": "org.ow2.asm",
    "geode-core": "org.apache.geode",
    "checker-qual": "org.checkerframework",
    "derby": "org.apache.derby",
    "dom4j": "org.dom4j",
    "hibernate-commons-annotations": "org.hibernate.common",
    "hsqldb": "org.hsqldb",
    "h2": "com.h2database",
    "jna": "net.java.dev.jna",
    "jnr-posix": "com.github.jnr",
    "jsr250-api": "javax.annotation",
    "mail": "javax.mail",
    "mariadb-java-client": "org.mariadb.jdbc",
    "mssql-jdbc": "com.microsoft.sqlserver",
    "mysql-connector-j": "com.mysql",
    "mysql-connector-java": "mysql",
    "ojdbc8": "com.oracle.database.jdbc",
    "postgresql": "org.postgresql",
    "quartz": "org.quartz-scheduler",
    "scala-library": "org.scala-lang",
    "servlet-api": "javax.servlet",
    "spring-security-jwt": "org.springframework.security",
    "spring-security-rsa": "org.springframework.security",
    "sqlite-jdbc": "org.xerial",
    "velocity": "org.apache.velocity",
    "wiremock": "com.github.tomakehurst",
    "xercesImpl": "xerces",
}
_LENGTHS: Final = sorted({len(prefix) for prefix in _PREFIXES}, reverse=True)

# what Tomcat calls its own archives, and what they are called in Maven's repositories; by the file's name
TOMCAT: Final = {
    "annotations-api": "tomcat-annotations-api",
    "catalina": "tomcat-catalina",
    "catalina-ant": "tomcat-catalina-ant",
    "catalina-ha": "tomcat-catalina-ha",
    "catalina-ssi": "tomcat-ssi",
    "catalina-storeconfig": "tomcat-storeconfig",
    "catalina-tribes": "tomcat-tribes",
    "el-api": "tomcat-el-api",
    "jasper": "tomcat-jasper",
    "jasper-el": "tomcat-jasper-el",
    "jaspic-api": "tomcat-jaspic-api",
    "jsp-api": "tomcat-jsp-api",
    "servlet-api": "tomcat-servlet-api",
    "websocket-api": "tomcat-websocket-api",
}


def exactly(artifact: str) -> str:
    """The group of a well-known artifact, or nothing."""
    return _NAMES.get(artifact, "")


def of(artifact: str) -> str:
    """The group of what begins as a well-known artifact does, or nothing."""
    beginnings = (_PREFIXES.get(artifact[:length], "") for length in _LENGTHS)
    return next(filter(None, beginnings), "")
