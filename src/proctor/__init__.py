"""Proctor: conformance and chaos for pre-forking RPC servers that register in ZooKeeper, and their clients."""
