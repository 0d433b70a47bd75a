"""Programs that stand in an image outside of any package manager: what their own bytes say of them.

A Go program tells its modules (type `golang`), a Rust one that cargo-auditable built its crates (`cargo`), and some
that official images build by hand are known by their names and their texts. The latter have the type `generic`, which
is no ecosystem of advisories, and names as Bitnami's advisories have them where they do: who matches maps them.
"""
