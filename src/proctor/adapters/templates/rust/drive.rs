//! The driver: requests on standard input, replies on standard output, one JSON object a line (spec/client.md).
//! Complete as it is: what you supply is client.rs. Calls run at once, each in a thread, and are answered as they end.

use std::io::{self, BufRead, Write};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::client::{CallFailed, Client};
use crate::strict_json::{object, quoted, Members};

const TIMEOUT_S: &str = "5"; // of a call that says none
const TIMEOUT_MAX_S: f64 = 1e9; // a deadline beyond that is none

/// Until told to close, or until the input ends.
pub fn drive(zookeeper: &str, root: &str) -> io::Result<()> {
    let client = Arc::new(Client::new(zookeeper, root));
    for line in io::stdin().lock().split(b'\n') {
        if handle(&client, &line?) {
            break;
        }
    }
    client.close();
    Ok(())
}

/// Whether this was the last request.
fn handle(client: &Arc<Client>, line: &[u8]) -> bool {
    let request = match object(line) {
        Ok(request) => request,
        Err(message) => {
            reply(&Members::none(), failed(CallFailed::new("protocol", &message)));
            return false;
        }
    };
    match request.string("op").as_deref() {
        Some("close") => {
            reply(&request, String::new());
            return true;
        }
        Some("servers") => reply(&request, servers(client)),
        Some("call") => start_call(client, request),
        _ => reply(&request, failed(CallFailed::new("protocol", "op is one of call, servers, close"))),
    }
    false
}

fn servers(client: &Client) -> String {
    match client.servers() {
        Ok(servers) => {
            let listed: Vec<String> = servers.iter().map(|server| quoted(server)).collect();
            format!(",\"servers\":[{}]", listed.join(","))
        }
        Err(error) => failed(error),
    }
}

fn start_call(client: &Arc<Client>, request: Members) {
    let (method, params, timeout) = match arguments(&request) {
        Ok(arguments) => arguments,
        Err(error) => return reply(&request, failed(error)),
    };
    let client = Arc::clone(client);
    thread::spawn(move || {
        let outcome = match client.call(&method, &params, timeout) {
            // In JSON a bare newline is white space.
            Ok((out, result)) => format!(",\"out\":{},\"result\":{}", quoted(&out), result.replace('\n', " ")),
            Err(error) => failed(error),
        };
        reply(&request, outcome);
    });
}

fn arguments(request: &Members) -> Result<(String, String, Duration), CallFailed> {
    let timeout = timeout(request.get("timeout_s").unwrap_or(TIMEOUT_S))?;
    match (request.string("in"), request.get("params")) {
        (Some(method), Some(params)) => Ok((method, params.into(), timeout)),
        _ => Err(CallFailed::new("protocol", "a call has \"in\", a string, and \"params\"")),
    }
}

fn timeout(text: &str) -> Result<Duration, CallFailed> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.0..=TIMEOUT_MAX_S).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err(CallFailed::new("protocol", "timeout_s is a number of seconds, not negative")),
    }
}

fn failed(error: CallFailed) -> String {
    let code = error.code.map_or(String::new(), |code| format!(",\"code\":{}", quoted(&code)));
    format!(",\"error\":{{\"kind\":{},\"message\":{}{code}}}", quoted(error.kind), quoted(&error.message))
}

/// Writes a line; `rest` is what follows the id.
fn reply(request: &Members, rest: String) {
    let line = format!("{{\"id\":{}{rest}}}\n", request.get("id").unwrap_or("null"));
    let mut output = io::stdout().lock();
    if output.write_all(line.as_bytes()).and_then(|()| output.flush()).is_err() {
        std::process::exit(0); // nobody reads any more
    }
}
