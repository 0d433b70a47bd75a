# A repository whose releases stay what they are, with who may pull from it and what expires in it.

resource "aws_ecr_repository" "app" {
  name                 = "team/app"
  image_tag_mutability = "IMMUTABLE_WITH_EXCLUSION"

  image_tag_mutability_exclusion_filter {
    filter      = "dev-*"
    filter_type = "WILDCARD"
  }

  encryption_configuration {
    encryption_type = "AES256"
  }

  image_scanning_configuration {
    scan_on_push = true
  }

  tags = {
    team = "a"
  }
}

data "aws_iam_policy_document" "pull" {
  statement {
    sid     = "pull"
    actions = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"]

    principals {
      type        = "AWS"
      identifiers = [data.aws_caller_identity.self.account_id]
    }
  }
}

resource "aws_ecr_repository_policy" "app" {
  repository = aws_ecr_repository.app.name
  policy     = data.aws_iam_policy_document.pull.json
}

data "aws_ecr_lifecycle_policy_document" "app" {
  rule {
    priority    = 1
    description = "What no tag stands for goes after two weeks."

    selection {
      tag_status   = "untagged"
      count_type   = "sinceImagePushed"
      count_unit   = "days"
      count_number = 14
    }
  }

  rule {
    priority    = 2
    description = "Of development images the last thirty stay."

    selection {
      tag_status       = "tagged"
      tag_pattern_list = ["dev-*"]
      count_type       = "imageCountMoreThan"
      count_number     = 30
    }
  }
}

resource "aws_ecr_lifecycle_policy" "app" {
  repository = aws_ecr_repository.app.name
  policy     = data.aws_ecr_lifecycle_policy_document.app.json
}

output "repository_url" {
  description = "What `docker push` takes."
  value       = aws_ecr_repository.app.repository_url
}
