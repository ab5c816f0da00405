"""How accounts and live views look: parts of reports, and the facts for programs."""
