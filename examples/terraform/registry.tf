# What holds for the registry as a whole.

resource "aws_ecr_registry_scanning_configuration" "registry" {
  scan_type = "BASIC"

  rule {
    scan_frequency = "SCAN_ON_PUSH"

    repository_filter {
      filter      = "*"
      filter_type = "WILDCARD"
    }
  }
}

resource "aws_ecr_account_setting" "scope" {
  name  = "REGISTRY_POLICY_SCOPE"
  value = "V2"
}

data "aws_iam_policy_document" "registry" {
  statement {
    sid       = "replicate"
    actions   = ["ecr:ReplicateImage", "ecr:CreateRepository"]
    resources = ["arn:aws:ecr:us-east-1:${data.aws_caller_identity.self.account_id}:repository/*"]

    principals {
      type        = "AWS"
      identifiers = [data.aws_caller_identity.self.account_id]
    }
  }
}

resource "aws_ecr_registry_policy" "registry" {
  policy = data.aws_iam_policy_document.registry.json
}

# a repository that a push below `team/` creates is made of this
resource "aws_ecr_repository_creation_template" "team" {
  prefix               = "team"
  description          = "Repositories of the team"
  applied_for          = ["CREATE_ON_PUSH"]
  image_tag_mutability = "IMMUTABLE"
  lifecycle_policy     = data.aws_ecr_lifecycle_policy_document.app.json
  repository_policy    = data.aws_iam_policy_document.pull.json
}

# whoever reads every image by night says nothing of which ones are used
resource "aws_ecr_pull_time_update_exclusion" "backup" {
  principal_arn = "arn:aws:iam::${data.aws_caller_identity.self.account_id}:role/backup"
}
