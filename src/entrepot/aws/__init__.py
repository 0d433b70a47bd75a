"""The AWS APIs: protocol/ speaks the wire over botocore's models, one package for each service, one function an operation."""
