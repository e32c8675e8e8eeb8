"""Durable topics: declare, gate, run, record; knows no domain and no vendor."""
