"""The product as tools for an agent: one tool per topic, gated like every other surface."""
