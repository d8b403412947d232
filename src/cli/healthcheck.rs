//! `healthcheck`: asks a running service on this machine how it is, for images that hold no other program.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::report::Exit;

use super::arguments::{HealthcheckArguments, OutputArguments};
use super::{settings, terminal, told};

/// A service that does not answer within this is not well: its answer needs nothing but memory.
const PATIENCE: Duration = Duration::from_secs(5);

/// More than the service ever answers.
const MAX_ANSWER: u64 = 16 * 1024;

/// Asks the port of the settings; 0 when the service is well, 1 when it is not or cannot be reached.
pub(super) async fn run(arguments: &HealthcheckArguments, output: &OutputArguments) -> Exit {
    let settings = match settings::offline(output) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    let port = settings.server.port;
    let path = if arguments.live { "/health/live" } else { "/health/ready" };
    let address = format!("http://127.0.0.1:{port}{path}");
    let answer = tokio::time::timeout(PATIENCE, ask(port, path)).await;
    let (why, hint) = match answer {
        Ok(Ok(answer)) => match status(&answer) {
            Some("200") => return told(terminal::data(body(&answer))),
            Some(code) => {
                (format!("it answers {code}: {}", reason(&answer)), "the log of the service says more")
            }
            None => ("what answers speaks no HTTP".to_owned(), "another program may have the port"),
        },
        Ok(Err(error)) => {
            (error.to_string(), "is the service running, and is `APPLICATION__PORT` the same for both?")
        }
        Err(_) => (
            format!("no answer within {} s", PATIENCE.as_secs()),
            "the service may be overloaded; restart it",
        ),
    };
    terminal::talk(&format!("error: the service is not well: {address}: {why}\n  hint: {hint}"));
    Exit::Unexpected
}

/// One call on a connection of its own: what a client does beyond that (roots, proxies, retries) would only hide faults.
async fn ask(port: u16, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let call = format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n\r\n");
    stream.write_all(call.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// The status of an answer.
fn status(answer: &str) -> Option<&str> {
    answer.strip_prefix("HTTP/1.")?.split(' ').nth(1)
}

/// Why the service says that it is not ready.
fn reason(answer: &str) -> String {
    let body = body(answer);
    let reason = serde_json::from_str(body).ok().and_then(|health: serde_json::Value| {
        let reason = health.get("reason")?.as_str()?;
        Some(reason.to_owned())
    });
    reason.unwrap_or_else(|| body.to_owned())
}

/// What follows the head of an answer.
fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}
