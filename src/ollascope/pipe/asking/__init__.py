"""The side that asks: a pool of connections to servers, each with one request on its way at a time."""
