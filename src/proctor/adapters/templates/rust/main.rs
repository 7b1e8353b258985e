//! A server and a client's driver to begin with. The server is one process with a thread for each connection, and keeps
//! the profile `wire`; what the other profiles want is marked TODO.

mod client;
mod drive;
mod server;
mod strict_json;

const USAGE: &str = "usage: impl serve HOST PORT WORKERS ZOOKEEPER ROOT\n       impl drive ZOOKEEPER ROOT";

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["serve", host, port, _workers, _zookeeper, _root] => server::serve(&format!("{host}:{port}")),
        ["drive", zookeeper, root] => drive::drive(zookeeper, root),
        _ => Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, USAGE)),
    };
    if let Err(error) = done {
        eprintln!("{error}");
        std::process::exit(1);
    }
}
