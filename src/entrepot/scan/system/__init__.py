"""Package managers of operating systems: what their own files say is installed."""
