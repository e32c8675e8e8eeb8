"""RevenueCat API v2 (https://www.revenuecat.com/docs/api-v2): subscriptions; 480 customer and 5 metric reads a minute."""
