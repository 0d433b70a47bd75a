"""How an event loop asks what is known of vulnerabilities: in a thread, over one generation for each question."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Concatenate, ParamSpec, TypeVar

from entrepot.core.vulnerabilities.known import Known
from entrepot.db.vulnerability_generations import Generations

P = ParamSpec("P")
T = TypeVar("T")


class Questions:
    """Runs questions about what is known now."""

    def __init__(self, generations: Generations, readers: Executor) -> None:
        self._generations = generations
        self._readers = readers

    async def ask(self, question: Callable[Concatenate[Known | None, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `question(known, …)`; `known` is None before the first import."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, lambda: self._asked(question, *args, **kwargs))

    def _asked(self, question: Callable[Concatenate[Known | None, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        with self._generations.reading() as file:
            return question(None if file is None else Known(file), *args, **kwargs)
