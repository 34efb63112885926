"""What an account, a password and a session are; knows no framework."""
