"""Sealed segments: compressed in members that can be opened one by one."""
