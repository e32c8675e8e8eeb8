"""The dashboard: whatever pages the domains declare, the inbox, and the kill switch, behind a login."""
