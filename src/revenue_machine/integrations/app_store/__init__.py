"""App Store Connect 4.4.1 (https://developer.apple.com/documentation/appstoreconnectapi): listings, product-page tests, reports."""
