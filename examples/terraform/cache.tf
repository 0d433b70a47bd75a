# What is pulled below `quay/` and is not here comes from Quay, and stays.

resource "aws_ecr_pull_through_cache_rule" "quay" {
  ecr_repository_prefix = "quay"
  upstream_registry_url = "quay.io"
}
