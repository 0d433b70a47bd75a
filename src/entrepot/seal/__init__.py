"""Sealing of secrets by the master key: AES-256-GCM, bound to a context, with the key's version in front."""

from entrepot.seal.master_key import MasterKeyUnusable, load_master_key
from entrepot.seal.sealing import Seal, SealBroken

__all__ = ["MasterKeyUnusable", "Seal", "SealBroken", "load_master_key"]
