"""The one list of health checks: each looks at one thing, says ok, warning, problem or unknown, and what to do."""
