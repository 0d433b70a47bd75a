"""The program: starts a process for each layer that it is asked to read, over the socket that is standard input."""

import gc

from entrepot.inventory.reading import read
from entrepot.inventory.starting import serve

_COLLECTED_AFTER = 200_000  # objects; packages and their texts make no cycles, and looking for some took a tenth

if __name__ == "__main__":
    gc.collect()
    gc.freeze()  # what is loaded is shared by all processes, and none of them has to look through it
    gc.set_threshold(_COLLECTED_AFTER)
    serve(read)
