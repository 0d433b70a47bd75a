# A public repository: anybody may pull from it, and who may push is named.

resource "aws_ecrpublic_repository" "tool" {
  repository_name = "tool"

  catalog_data {
    description       = "A tool of ours"
    about_text        = "# About"
    usage_text        = "Run it."
    architectures     = ["ARM 64", "x86-64"]
    operating_systems = ["Linux"]
  }
}

data "aws_iam_policy_document" "push" {
  statement {
    sid = "push"
    actions = [
      "ecr-public:BatchCheckLayerAvailability",
      "ecr-public:InitiateLayerUpload",
      "ecr-public:UploadLayerPart",
      "ecr-public:CompleteLayerUpload",
      "ecr-public:PutImage",
    ]

    principals {
      type        = "AWS"
      identifiers = [data.aws_caller_identity.self.account_id]
    }
  }
}

resource "aws_ecrpublic_repository_policy" "tool" {
  repository_name = aws_ecrpublic_repository.tool.repository_name
  policy          = data.aws_iam_policy_document.push.json
}

output "public_uri" {
  description = "What anybody pulls."
  value       = aws_ecrpublic_repository.tool.repository_uri
}
