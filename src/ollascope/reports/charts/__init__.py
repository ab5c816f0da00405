"""Drawings as inline SVG: no script, no font, no file beside the page."""
