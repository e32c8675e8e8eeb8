"""Resend (https://resend.com/docs): mail over HTTP, with delivery, open, click, bounce and reply webhooks; 5 requests a second."""
