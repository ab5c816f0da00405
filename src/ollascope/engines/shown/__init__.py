"""Models on the screen: lists, cards, what is in memory, progress of orders, and the orders as words of a command."""
