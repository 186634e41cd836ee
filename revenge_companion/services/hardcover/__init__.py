"""Hardcover: read books, by its GraphQL interface and a personal access token."""
