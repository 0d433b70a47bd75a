"""The composition root: settings become parts, parts become doors; nothing is wired anywhere else."""
