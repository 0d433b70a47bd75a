# AWS's own provider; of all that differs from AWS, the endpoint is the only thing that is said here.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0"
    }
  }
}

variable "endpoint" {
  description = "Where the server is reached."
  type        = string
  default     = "http://127.0.0.1:5000"
}

variable "credentials" {
  description = "The file that the first start writes below its data, or one with keys of an IAM user."
  type        = string
  default     = "./data/credentials"
}

provider "aws" {
  region                   = "us-east-1"
  shared_credentials_files = [var.credentials]
  skip_metadata_api_check  = true

  endpoints {
    cloudtrail     = var.endpoint
    cloudwatch     = var.endpoint
    ecr            = var.endpoint
    ecrpublic      = var.endpoint
    events         = var.endpoint
    iam            = var.endpoint
    inspector2     = var.endpoint
    kms            = var.endpoint
    secretsmanager = var.endpoint
    sts            = var.endpoint
  }
}

data "aws_caller_identity" "self" {}
