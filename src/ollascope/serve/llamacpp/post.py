"""From the threads that decode to the loop that serves: what was said, in order, one wake-up for all who wait."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Generic, TypeVar

T = TypeVar("T")


class Post:
    """Carries what threads say to the boxes of one loop; however many speak in a step, the loop is woken once."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._bag: deque[Callable[[], None]] = deque()
        self._called = False

    def send(self, arrive: Callable[[], None]) -> None:
        """From any thread; never blocks. After the loop has ended nobody listens any more."""
        self._bag.append(arrive)
        if not self._called:
            self._called = True
            try:
                self._loop.call_soon_threadsafe(self._empty)
            except RuntimeError:  # the loop has ended
                self._bag.clear()

    def _empty(self) -> None:
        self._called = False  # before the bag is emptied: what comes from here on calls again
        while self._bag:
            self._bag.popleft()()


class Box(Generic[T]):
    """What one request is told; it holds no more than one answer is long, however slowly it is read."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._items: list[T] = []
        self._waiter: asyncio.Future[None] | None = None

    def put(self, items: Sequence[T]) -> None:
        """From any thread."""
        self._post.send(partial(self._take_in, items))

    async def take(self) -> list[T]:
        """All that has come since the last time; at least one."""
        if not self._items:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        items, self._items = self._items, []
        return items

    def _take_in(self, items: Sequence[T]) -> None:
        self._items.extend(items)
        if items and self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
