// A page whose figures are still being made: it looks again until they are there.

setTimeout(() => location.reload(), 1200);
