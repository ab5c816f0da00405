"""The processes of Ollascope: what `ollascope up` starts, watches, restarts and stops."""
