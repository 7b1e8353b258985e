"""The registry: ZooKeeper's protocol, a server of our own that speaks it, and the other registries Proctor can use."""
