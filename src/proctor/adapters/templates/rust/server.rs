use std::io::{self, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use crate::strict_json::{object, quoted};

const FRAME_BYTES_MAX: u32 = 16 * 1024 * 1024;
const PI_MAX: u64 = 1_000_000_000;
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// A request that is answered with an error of the contract: its code and message.
type Refused = (&'static str, String);

/// Serves until it is killed.
pub fn serve(address: &str) -> io::Result<()> {
    let listener = TcpListener::bind(address)?;
    // TODO supervision, restart: keep WORKERS processes that accept from this listener.
    // TODO discovery: register {"host", "port"} below ROOT on ZOOKEEPER.
    eprintln!("not supplied yet: worker processes (supervision, restart), registration (discovery)");
    loop {
        let started = listener.accept().and_then(|(stream, _)| thread::Builder::new().spawn(move || converse(stream)));
        if started.is_err() {
            thread::sleep(ACCEPT_PAUSE); // no descriptor is left, or the client is gone already
        }
    }
}

/// Answers one request after the other, until the client sends no more, or is gone.
fn converse(mut stream: TcpStream) -> io::Result<()> {
    let mut input = BufReader::new(stream.try_clone()?);
    loop {
        let mut header = [0; 4];
        input.read_exact(&mut header)?;
        let length = u32::from_le_bytes(header);
        if length > FRAME_BYTES_MAX {
            return send(&mut stream, &refusal("too_large", "a frame over the limit was announced"));
        }
        let mut body = Vec::new(); // grows with what comes, not with what was announced
        if (&mut input).take(u64::from(length)).read_to_end(&mut body)? < length as usize {
            return Ok(());
        }
        send(&mut stream, &answer(&body))?;
    }
}

fn send(stream: &mut TcpStream, body: &str) -> io::Result<()> {
    let mut frame = (body.len() as u32).to_le_bytes().to_vec();
    frame.extend_from_slice(body.as_bytes());
    stream.write_all(&frame)
}

fn answer(body: &[u8]) -> String {
    match execute(body) {
        Err((code, message)) => refusal(code, &message),
        Ok((out, result)) => {
            let reply = format!("{{\"out\":{},\"result\":{result}}}", quoted(out));
            match reply.len() <= FRAME_BYTES_MAX as usize {
                true => reply,
                false => refusal("too_large", "the reply would be over the limit"),
            }
        }
    }
}

/// The reply's name, and the JSON text of its result. A new method is claimed in impl.toml, [capabilities].
fn execute(body: &[u8]) -> Result<(&'static str, String), Refused> {
    let request = object(body).map_err(|message| ("bad_request", message))?;
    let is_text = matches!(request.get("in"), Some(text) if text.starts_with('"'));
    let params = match (is_text, request.get("params")) {
        (true, Some(params)) => params,
        _ => return Err(("bad_request", "a request is an object with \"in\", a string, and \"params\"".into())),
    };
    match request.string("in").as_deref() {
        Some("ping") => Ok(("pong", params.into())),
        Some("pi") => pi(params),
        _ => Err(("unknown_method", "there is no such method".into())),
    }
}

fn pi(params: &str) -> Result<(&'static str, String), Refused> {
    let n = match params.parse::<u64>() {
        Ok(n) if n <= PI_MAX => n,
        _ => return Err(("bad_params", format!("pi takes an integer from 0 to {PI_MAX}"))),
    };
    let term = |i: u64| 1.0 / ((2 * i + 1) as f64).powi(2);
    let sum: f64 = (0..=n).rev().map(term).sum(); // the smallest terms first: a large sum would swallow them
    Ok(("pi_r", (8.0 * sum).sqrt().to_string()))
}

fn refusal(code: &str, message: &str) -> String {
    format!("{{\"out\":\"error\",\"result\":{{\"code\":{},\"message\":{}}}}}", quoted(code), quoted(message))
}
