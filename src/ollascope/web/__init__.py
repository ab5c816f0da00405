"""The dashboard: page frame, design system, static files, live events, JSON API; joins the rooms' pages."""
