"""Watches: samples the machine, looks after the ledger, tells what is wrong and what changed."""
