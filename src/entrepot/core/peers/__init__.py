"""Peers: other deployments that images go to and come from, and registries of other make that images go to.

membership      who they are, what they serve, which accounts they may act for
keys            the key of this deployment
admitting       which calls are those of a peer, each once
acting          as whom a peer acts here
receiving       one image that comes, in transactions; `intake` brings its bytes
sending         the job that does steps of replication whose destination is elsewhere, and decides nothing itself:
steps, outcomes and statuses are those of core/replication
destinations    the seam: `deployments` and `registries` are the kinds of what is elsewhere
"""
