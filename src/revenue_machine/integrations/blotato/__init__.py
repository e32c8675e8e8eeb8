"""Blotato (https://help.blotato.com/api/start): publishes to social accounts; 30 posts and 10 media uploads a minute."""
