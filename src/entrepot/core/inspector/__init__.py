"""Amazon Inspector over enhanced scanning: accounts, configuration, findings, coverage, filters, reports."""
