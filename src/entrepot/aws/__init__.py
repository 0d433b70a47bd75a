"""The AWS APIs: protocol/ speaks the wire over botocore's models; one package a service, one function an operation."""
