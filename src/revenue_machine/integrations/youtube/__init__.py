"""YouTube: how the owner's channel stands, and what it earned (Data API v3, Analytics API v2); reads only."""
