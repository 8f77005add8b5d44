//! A server that does what servers should not: it reads each request and then plays the next reply of
//! its script byte by byte, over TCP or TLS on 127.0.0.1. It takes one connection after the other.
//!
//! Nothing here sleeps: a server that holds still waits for the client to hang up.

#![allow(dead_code, reason = "each test crate uses its own part of this")]
#![expect(
    clippy::expect_used,
    reason = "a test helper that cannot do its work fails the test"
)]

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What a reply does next. At its end the connection is closed.
#[derive(Clone, Debug)]
pub enum Step {
    Send(Vec<u8>),
    /// Sends these bytes over and over, until the client hangs up.
    Endlessly(Vec<u8>),
    /// Sends nothing until the client hangs up.
    Hold,
    /// Closes the connection in the way of a server that crashed.
    Reset,
}

/// The head of an answer with status 200, whose body ends where the connection does.
pub fn head(media_type: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-type: {media_type}\r\nconnection: close\r\n\r\n").into()
}

/// A whole answer.
pub fn http(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Vec<Step> {
    let body = body.as_ref();
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} Whatever\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n"
    );
    vec![Step::Send([head.as_bytes(), body].concat())]
}

/// A certificate and its key, and the authority that signed it, as PEM.
pub struct Certificate {
    pub authority: String,
    config: Arc<ServerConfig>,
}

impl Certificate {
    /// For 127.0.0.1, signed by an authority that nobody knows.
    pub fn new() -> Self {
        let key = rcgen::KeyPair::generate().expect("a key can be made");
        let mut authority = rcgen::CertificateParams::default();
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let issued = authority.self_signed(&key).expect("it can be signed");
        let issuer = rcgen::Issuer::new(authority, key);

        let key = rcgen::KeyPair::generate().expect("a key can be made");
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let certificate = rcgen::CertificateParams::new(names).expect("they are names");
        let certificate = certificate
            .signed_by(&key, &issuer)
            .expect("it can be signed");
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(ring)
            .with_safe_default_protocol_versions()
            .expect("ring has them")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .expect("key and certificate fit");
        Self {
            authority: issued.pem(),
            config: Arc::new(config),
        }
    }
}

/// The server. It ends when this is dropped.
pub struct FaultServer {
    address: SocketAddr,
    secure: bool,
    requests: Arc<Mutex<Vec<String>>>,
    stopped: Arc<AtomicBool>,
    /// The connection that is served.
    current: Arc<Mutex<Option<TcpStream>>>,
    thread: Option<JoinHandle<()>>,
}

impl FaultServer {
    /// Plays these replies, a connection each, and the last one from then on.
    pub fn start(script: Vec<Vec<Step>>) -> Self {
        Self::serving(script, None)
    }

    pub fn secure(script: Vec<Vec<Step>>, certificate: &Certificate) -> Self {
        Self::serving(script, Some(Arc::clone(&certificate.config)))
    }

    fn serving(script: Vec<Vec<Step>>, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port of 127.0.0.1 is free");
        let address = listener.local_addr().expect("it is bound");
        let requests = Arc::new(Mutex::default());
        let stopped = Arc::new(AtomicBool::new(false));
        let secure = tls.is_some();
        let current = Arc::new(Mutex::new(None));
        let (seen, stop) = (Arc::clone(&requests), Arc::clone(&stopped));
        let serving = Arc::clone(&current);
        let thread = thread::spawn(move || {
            let mut at = 0;
            while let Ok((stream, _)) = listener.accept() {
                let held = stream.try_clone().expect("there are file descriptors left");
                *serving.lock().expect("nobody panics with it") = Some(held);
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let reply = &script[at.min(script.len() - 1)];
                // A client that hangs up in the middle is what some of the faults lead to.
                if let Ok(true) = serve(stream, tls.as_ref(), reply, &seen) {
                    at += 1;
                }
                serving.lock().expect("nobody panics with it").take();
            }
        });
        Self {
            address,
            secure,
            requests,
            stopped,
            current,
            thread: Some(thread),
        }
    }

    pub fn url(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// The requests that came in whole: head and body.
    pub fn requests(&self) -> Vec<String> {
        self.requests
            .lock()
            .expect("the server did not panic")
            .clone()
    }
}

impl Drop for FaultServer {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes it up: a client that shares the test's thread cannot hang up meanwhile.
        if let Ok(mut current) = self.current.lock()
            && let Some(stream) = current.take()
        {
            drop(stream.shutdown(Shutdown::Both));
        }
        drop(TcpStream::connect(self.address));
        let ended = self.thread.take().map(JoinHandle::join);
        if !thread::panicking() {
            assert!(matches!(ended, Some(Ok(()))), "the fault server panicked");
        }
    }
}

/// Serves one connection. False where it brought no request.
fn serve(
    stream: TcpStream,
    tls: Option<&Arc<ServerConfig>>,
    reply: &[Step],
    seen: &Mutex<Vec<String>>,
) -> io::Result<bool> {
    stream.set_nodelay(true)?;
    let raw = stream.try_clone()?;
    match tls {
        None => play(stream, &raw, reply, seen),
        Some(config) => {
            let connection = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
            play(StreamOwned::new(connection, stream), &raw, reply, seen)
        }
    }
}

fn play(
    mut stream: impl Read + Write,
    raw: &TcpStream,
    reply: &[Step],
    seen: &Mutex<Vec<String>>,
) -> io::Result<bool> {
    let Some(request) = request(&mut stream)? else {
        return Ok(false);
    };
    seen.lock().expect("no test panics with it").push(request);
    for step in reply {
        match step {
            Step::Send(bytes) => stream.write_all(bytes)?,
            Step::Endlessly(bytes) => while stream.write_all(bytes).is_ok() {},
            Step::Hold => while matches!(stream.read(&mut [0; 64]), Ok(1..)) {},
            Step::Reset => {
                rustix::net::sockopt::set_socket_linger(raw, Some(std::time::Duration::ZERO))?;
            }
        }
        // What was sent before a connection is closed or reset must not be lost.
        if stream.flush().is_err() {
            break;
        }
    }
    Ok(true)
}

/// Reads a request; none where the client hangs up before its end.
fn request(stream: &mut impl Read) -> io::Result<Option<String>> {
    let mut received = Vec::new();
    let mut part = [0; 4096];
    loop {
        if let Some(length) = length(&received)
            && received.len() >= length
        {
            return Ok(Some(String::from_utf8_lossy(&received).into_owned()));
        }
        match stream.read(&mut part)? {
            0 => return Ok(None),
            read => received.extend_from_slice(&part[..read]),
        }
    }
}

/// How long a request is, once its head is there.
fn length(received: &[u8]) -> Option<usize> {
    let text = String::from_utf8_lossy(received);
    let (head, _) = text.split_once("\r\n\r\n")?;
    let lower = head.to_ascii_lowercase();
    let body = lower
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().expect("a length is a number"));
    Some(head.len() + 4 + body)
}
