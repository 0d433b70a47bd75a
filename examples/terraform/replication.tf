# Images of releases are copied to a second region as they are pushed; the server serves both (the setting `regions`).

resource "aws_ecr_replication_configuration" "releases" {
  replication_configuration {
    rule {
      destination {
        region      = "eu-west-1"
        registry_id = data.aws_caller_identity.self.account_id
      }

      repository_filter {
        filter      = "team/"
        filter_type = "PREFIX_MATCH"
      }
    }
  }
}
