"""How people react, one file per thing they react to; found by discovery, each with draws of its own."""
