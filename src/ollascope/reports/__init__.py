"""What was measured, for people and for programs: text, HTML, JSON, CSV, JUnit."""
