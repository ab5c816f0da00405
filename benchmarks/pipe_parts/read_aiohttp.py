"""The same streams read by aiohttp's client."""

from time import monotonic_ns

import aiohttp

from pipe_parts.gate import Order
from pipe_parts.reading import Stamped, main, measure
from pipe_parts.script import BODY

HEADERS = {
    "accept": "*/*",
    "user-agent": "pipe-benchmark/1",
    "content-type": "application/json",
    "authorization": "Bearer olk_0123456789abcdef",
}


async def program(order: Order) -> dict[str, object]:
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), auto_decompress=False, timeout=aiohttp.ClientTimeout(total=None)
    ) as session:

        async def read(path: str, kept: Stamped) -> None:
            async with session.post(f"http://127.0.0.1:{order.port}{path}", data=BODY, headers=HEADERS) as answer:
                async for piece in answer.content.iter_any():
                    kept.append((monotonic_ns(), piece))

        return await measure(order, read)


if __name__ == "__main__":
    main(program)
