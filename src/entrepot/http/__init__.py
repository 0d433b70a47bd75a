"""What the doors share: the HTTP server, addressing, request bodies, blob responses, access log, health."""
