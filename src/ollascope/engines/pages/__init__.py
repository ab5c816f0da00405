"""What the pages about models show and do: lists, memory, speed, orders, answers in the playground."""
