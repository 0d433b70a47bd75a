"""The door of peers: calls of other deployments, below /peer/v1/."""
