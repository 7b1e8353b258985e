"""The implementation under test: its server and its client, started, observed and ended."""
