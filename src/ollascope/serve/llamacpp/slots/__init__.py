"""One loaded model: many answers decoded together on one thread, through the C interface of llama.cpp."""
