"""The Revenge media server: only here is its wire known."""
