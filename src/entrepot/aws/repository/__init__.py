"""What the operations of ECR and of ECR Public share: how images, layers, tags and pages are asked for and shown."""
