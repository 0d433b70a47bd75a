"""Event buses, rules and targets; events on their way from a change to its targets, and again."""
