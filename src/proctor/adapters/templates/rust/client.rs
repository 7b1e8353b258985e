//! TODO client: this file is the one place where your own client library is called; drive.rs needs nothing else.
//! Until it is filled in, the driver answers with what is missing.

use std::time::Duration;

/// A call without a result. `kind`: unavailable, transport, timeout, protocol, or remote with the error's `code`.
pub struct CallFailed {
    pub kind: &'static str,
    pub message: String,
    pub code: Option<String>,
}

impl CallFailed {
    pub fn new(kind: &'static str, message: &str) -> CallFailed {
        CallFailed { kind, message: message.into(), code: None }
    }
}

pub struct Client;

impl Client {
    /// Begins to follow the servers below `root`. It must not wait for the registry, which may be down.
    pub fn new(_zookeeper: &str, _root: &str) -> Client {
        Client
    }

    /// The addresses that a call would choose from: "host:port".
    pub fn servers(&self) -> Result<Vec<String>, CallFailed> {
        Err(CallFailed::new("unavailable", "client.rs: servers calls no client library yet"))
    }

    /// Calls one of them, from any thread: the reply's `out` and `result`, or CallFailed within `timeout`.
    /// `params` and `result` are JSON texts.
    pub fn call(&self, _method: &str, _params: &str, _timeout: Duration) -> Result<(String, String), CallFailed> {
        Err(CallFailed::new("unavailable", "client.rs: call calls no client library yet"))
    }

    /// Leaves nothing open.
    pub fn close(&self) {}
}
