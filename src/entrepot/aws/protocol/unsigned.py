"""Operations that nobody signs: what proves who asks stands in their input. Few at a time may come from one address."""

OPERATIONS = frozenset({("sts", "AssumeRoleWithWebIdentity")})
LARGEST_BODY = 64 * 1024
RATE = 10  # a second, for each address and process
BURST = 100
MOST_FIELDS = 1000
