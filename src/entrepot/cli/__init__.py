"""The command line: noun + verb. Each command is imported when it is run, so that `serve` starts quickly."""
