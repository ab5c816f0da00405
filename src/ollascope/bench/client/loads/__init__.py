"""When which shot is sent: open loops by due times, closed loops by users."""
