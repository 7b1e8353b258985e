"""The RPC wire as the kit speaks it: frames and messages, connections that remember what passed, scripted servers."""
