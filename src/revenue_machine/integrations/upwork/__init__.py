"""Upwork's GraphQL API (https://www.upwork.com/developer/documentation/graphql/api/docs): read-only; 10 requests a second."""
