"""The pretend market: seeded people and stateful fakes of every vendor, with the truth kept apart."""
