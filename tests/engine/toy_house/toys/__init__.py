"""Decides nothing; exercises every guard of the engine."""
