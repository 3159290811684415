"""Work on many things at once with a bounded number in flight."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def bounded_map(
    executor: Executor, work: Callable[[Item], Result], items: Iterable[Item], *, window: int
) -> Iterator[Result]:
    """Yield ``work(item)`` for each item as it is done, with at most ``window`` of them in flight.

    Items are drawn as they are needed, so neither they nor the results pile up in memory, and one long item
    does not hold the others back.
    """
    running: set[Future[Result]] = set()
    for item in items:
        running.add(executor.submit(work, item))
        if len(running) >= window:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    while running:
        done, running = wait(running, return_when=FIRST_COMPLETED)
        yield from (future.result() for future in done)
