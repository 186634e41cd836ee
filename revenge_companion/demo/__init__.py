"""An embedded Revenge server, a scripted viewer and local destinations."""
