//! A page of metrics over HTTP, for Prometheus to fetch.
//!
//! Invariant: one request is answered after the other, by whoever runs the server; the page is made anew for each.

use std::{
    fmt::Display,
    io,
    net::{SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use tiny_http::{Header, Method, Request, Response, Server};

/// Where the page is.
pub const METRICS_PATH: &str = "/metrics";
/// What Prometheus's text format is called.
const CONTENT_TYPE: &str = "Content-Type: text/plain; version=0.0.4; charset=utf-8";

/// Why a page cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The address cannot be listened on: somebody else does, or this machine has none like it.
    #[error("listening on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// No more requests arrive.
    #[error("waiting for requests on {address}")]
    Accept {
        /// The address listened on.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
}

/// The metrics of one process, or of one bus, as text; apart from whatever the process records elsewhere.
#[derive(Debug)]
pub struct MetricsPage {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
}

/// Who answers requests.
pub struct MetricsServer {
    server: Arc<Server>,
    address: SocketAddr,
    has_ended: Arc<AtomicBool>,
}

/// Ends a server, from any thread.
pub struct Stopper {
    server: Arc<Server>,
    has_ended: Arc<AtomicBool>,
}

impl Default for MetricsPage {
    fn default() -> Self {
        let recorder = PrometheusBuilder::new().build_recorder();
        Self { handle: recorder.handle(), recorder }
    }
}

impl MetricsPage {
    /// Lets `record` tell its metrics, as [`mmsb::stats::Stats::record`] does, and returns the page with all that were told.
    pub fn render(&self, record: impl FnOnce()) -> String {
        metrics::with_local_recorder(&self.recorder, record);
        self.handle.render()
    }
}

impl MetricsServer {
    /// Listens on `address`; with port 0 on a free one.
    ///
    /// # Errors
    /// [`ServeError::Listen`].
    pub fn bind(address: SocketAddr) -> Result<Self, ServeError> {
        let failed = |source| ServeError::Listen { address, source };
        let listener = TcpListener::bind(address).map_err(failed)?;
        let bound = listener.local_addr().map_err(failed)?;
        let server =
            Server::from_listener(listener, None).map_err(|source| failed(io::Error::other(source)))?;
        Ok(Self { server: Arc::new(server), address: bound, has_ended: Arc::default() })
    }

    /// Returns where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns what ends it.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper { server: Arc::clone(&self.server), has_ended: Arc::clone(&self.has_ended) }
    }

    /// Answers requests until it is ended; a page that cannot be made is answered with what is wrong, and the next
    /// request tries again.
    ///
    /// # Errors
    /// [`ServeError::Accept`].
    pub fn run<E: Display>(&self, mut page: impl FnMut() -> Result<String, E>) -> Result<(), ServeError> {
        while !self.has_ended.load(Ordering::SeqCst) {
            match self.server.recv() {
                Ok(request) => answer(request, &mut page),
                Err(_) if self.has_ended.load(Ordering::SeqCst) => {}
                Err(source) => return Err(ServeError::Accept { address: self.address, source }),
            }
        }
        Ok(())
    }
}

impl Stopper {
    /// Lets [`MetricsServer::run`] return, once it has answered.
    pub fn stop(&self) {
        self.has_ended.store(true, Ordering::SeqCst);
        self.server.unblock();
    }
}

fn answer<E: Display>(request: Request, page: &mut impl FnMut() -> Result<String, E>) {
    let (status, text) = match (request.method(), request.url()) {
        (Method::Get, METRICS_PATH) => match page() {
            Ok(text) => (200, text),
            Err(error) => (503, format!("{error:#}\n")),
        },
        (Method::Get, _) => (404, format!("the metrics are at {METRICS_PATH}\n")),
        _ => (405, "GET is all there is\n".to_owned()),
    };
    let header: Header = CONTENT_TYPE.parse().expect("a constant header parses");
    // Whoever does not wait for his answer is served all the same.
    let _gone = request.respond(Response::from_string(text).with_status_code(status).with_header(header));
}
