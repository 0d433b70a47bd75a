"""Repositories that are encrypted with keys of Key Management Service (ECR user guide, "Encryption at rest")."""
