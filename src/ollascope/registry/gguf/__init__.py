"""GGUF model files: read with care, written by ourselves, sized before loading, made to order for tests."""
