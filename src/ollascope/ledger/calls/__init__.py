"""Calls one by one: found newest first in millions, without reading more than is needed, and written out."""
