"""The JSON API: one table of routes, from which requests are checked and the OpenAPI document is made."""
