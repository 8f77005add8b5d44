//! The server: over stdin and stdout, or over TCP.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use tokio::fs::File;
use tokio::net::TcpListener;

use crate::llm::{Models, Recording};
use crate::lsp::hub::Hub;
use crate::lsp::transport::{Ending, Peer, serve as serve_client};

#[derive(Debug, Args)]
pub struct Options {
    /// Serves over stdin and stdout, which is the default.
    #[arg(long)]
    stdio: bool,
    /// Serves over TCP instead, one session a connection; port 0 picks one.
    #[arg(long, value_name = "ADDRESS:PORT", conflicts_with = "stdio")]
    listen: Option<SocketAddr>,
    /// What a TCP client must send in initializationOptions.token. Needed for an address that is
    /// not this machine's own.
    #[arg(long, env = "RUMMY_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Adds each answer of a model to FILE, a script that `replay/FILE` plays.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

pub async fn serve(options: Options) -> Result<Ending, String> {
    let recording =
        match &options.record {
            None => None,
            Some(file) => Some(Recording::open(file).map_err(|error| {
                format!("nothing can be recorded in {}: {error}", file.display())
            })?),
        };
    let models = Models::new().recorded(recording);
    match options.listen {
        None => {
            let hub = Hub::new(None, models);
            let output = stdout().map_err(|error| format!("nothing can be written: {error}"))?;
            Ok(serve_client(hub, tokio::io::stdin(), output, Peer::Parent).await)
        }
        Some(address) => listen(address, options.token, models).await,
    }
}

/// The standard output without the buffer of the standard library's, which writes a message in two
/// pieces.
fn stdout() -> std::io::Result<File> {
    let stdout = std::io::stdout();
    #[cfg(unix)]
    let own = std::os::fd::AsFd::as_fd(&stdout).try_clone_to_owned()?;
    #[cfg(windows)]
    let own = std::os::windows::io::AsHandle::as_handle(&stdout).try_clone_to_owned()?;
    Ok(File::from_std(own.into()))
}

async fn listen(
    address: SocketAddr,
    token: Option<String>,
    models: Models,
) -> Result<Ending, String> {
    if !address.ip().is_loopback() && token.is_none() {
        return Err(format!(
            "{address} can be reached from other machines: set a token (--token or RUMMY_TOKEN), or listen on 127.0.0.1"
        ));
    }
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| format!("cannot listen on {address}: {error}"))?;
    let bound = listener.local_addr().map_err(|error| error.to_string())?;
    announce(bound);
    let hub = Hub::new(token, models);
    loop {
        tokio::select! {
            connection = listener.accept() => match connection {
                Ok((stream, _)) => {
                    let hub = Arc::clone(&hub);
                    tokio::spawn(async move {
                        let (reader, writer) = stream.into_split();
                        serve_client(hub, reader, writer, Peer::Remote).await
                    });
                }
                Err(error) => tracing::warn!(%error, "a connection was lost before it began"),
            },
            _ = tokio::signal::ctrl_c() => {
                hub.close().await;
                return Ok(Ending::Orderly);
            }
        }
    }
}

#[expect(
    clippy::print_stderr,
    reason = "whoever starts the server reads the address there, whatever the log level"
)]
fn announce(bound: SocketAddr) {
    eprintln!("listening on {bound}");
}
