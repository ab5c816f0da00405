"""What there is to run: model files and what is known of them."""
