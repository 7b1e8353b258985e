"""The reference: a pre-forking RPC server that registers in ZooKeeper, and the client that discovers it there."""
