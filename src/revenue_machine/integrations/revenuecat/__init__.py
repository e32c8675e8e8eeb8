"""RevenueCat API v2 (https://www.revenuecat.com/docs/api-v2): in-app subscriptions; 480 customer reads and 5 metric reads a minute."""
