//! A listener whose connections can be torn down from inside a handler.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// Tears its connection down: nothing more is written, the peer sees a reset.
#[derive(Clone, Debug, Default)]
pub(super) struct Plug(Arc<AtomicBool>);

impl Plug {
    pub(super) fn pull(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn pulled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Connected<IncomingStream<'_, Gate>> for Plug {
    fn connect_info(stream: IncomingStream<'_, Gate>) -> Self {
        stream.io().plug.clone()
    }
}

/// The listening socket.
pub(super) struct Gate(TcpListener);

impl Gate {
    pub(super) async fn bind(address: SocketAddr) -> io::Result<Self> {
        TcpListener::bind(address).await.map(Self)
    }

    pub(super) fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Listener for Gate {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        if let Err(fault) = stream.set_nodelay(true) {
            tracing::trace!(%fault, "a sandbox connection keeps Nagle's algorithm");
        }
        let plug = Plug::default();
        (Wire { stream, plug }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.address()
    }
}

/// One connection.
pub(super) struct Wire {
    stream: TcpStream,
    plug: Plug,
}

impl Wire {
    /// A reset instead of an orderly end, once the plug is pulled.
    fn torn(&self) -> Option<io::Error> {
        if !self.plug.pulled() {
            return None;
        }
        if let Err(fault) = self.stream.set_zero_linger() {
            tracing::trace!(%fault, "a sandbox connection ends instead of being reset");
        }
        Some(io::Error::from(io::ErrorKind::ConnectionReset))
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(fault) = self.torn() {
            return Poll::Ready(Err(fault));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Some(fault) = self.torn() {
            return Poll::Ready(Err(fault));
        }
        Pin::new(&mut self.stream).poll_write(context, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Some(fault) = self.torn() {
            return Poll::Ready(Err(fault));
        }
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
