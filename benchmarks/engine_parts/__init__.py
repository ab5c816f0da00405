"""The measurements of the embedded engine, one a module, and the processes that they start."""
