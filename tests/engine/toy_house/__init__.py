"""A house with one small domain, to test the engine without any product."""
