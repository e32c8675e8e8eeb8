"""Any sender that speaks Standard Webhooks: verified, kept in the inbox, read by whichever domain declares a reader."""
