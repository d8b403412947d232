//! A server between the program and a side, which takes the `Date` header away.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const HEADER: &[u8] = b"\r\ndate: ";
/// As long as [`HEADER`].
const NOBODY_KNOWS: &[u8] = b"\r\nx-no: ";

/// Stands before `side` until the test ends; gives its own base address.
pub(crate) async fn without_dates(side: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback is there");
    let address = listener.local_addr().expect("it is bound");
    let side = side.trim_start_matches("http://").to_owned();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(&side).await.expect("the side listens");
            tokio::spawn(between(client, server));
        }
    });
    format!("http://{address}")
}

async fn between(client: TcpStream, server: TcpStream) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let forth = tokio::io::copy(&mut from_client, &mut to_server);
    let back = async {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = from_server.read(&mut buffer).await?;
            if read == 0 {
                return to_client.shutdown().await;
            }
            // The head of an answer comes in one piece: it is written in one.
            let found = buffer[..read].windows(HEADER.len()).position(|window| window == HEADER);
            if let Some(at) = found {
                buffer[at..at + HEADER.len()].copy_from_slice(NOBODY_KNOWS);
            }
            to_client.write_all(&buffer[..read]).await?;
        }
    };
    // Either end may go first.
    let _either = tokio::join!(forth, back);
}
