//! The store that a URL leads to, and the threads that wait for it.

use std::collections::HashMap;
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::http::HttpBuilder;
use object_store::path::Path as Key;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use super::error::{self, StoreError};
use super::pieces::Pace;

/// A failed request is made again so many times, over so much time at most.
const MOST_RETRIES: usize = 8;
const LONGEST_RETRY: Duration = Duration::from_secs(120);
/// How long it is waited before the first.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// A store that sends nothing for so long has lost the connection.
const SILENCE: Duration = Duration::from_secs(30);

/// Where an object is.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) key: Key,
    pub(super) pace: Arc<Pace>,
    /// The URL up to the key, which ends in `/`.
    pub(super) root: String,
}

impl Place {
    /// Whether it is on a web server, which has no lists and takes nothing.
    pub(super) fn is_web(&self) -> bool {
        self.root.starts_with("http")
    }
}

/// Stores that were opened, each with its connections, by their URL and what the environment told them.
type Stores = HashMap<(String, u64), (Arc<dyn ObjectStore>, Arc<Pace>)>;

static STORES: LazyLock<Mutex<Stores>> = LazyLock::new(Mutex::default);

/// The store that `url` leads to, and the key of the object there.
pub(super) fn place(url: &Path) -> io::Result<Place> {
    let invalid = |words: String| StoreError::answer(io::ErrorKind::InvalidInput, words);
    let text = url.to_str().ok_or_else(|| invalid("a URL must be UTF-8".to_owned()))?;
    let (scheme, rest) = text.split_once("://").ok_or_else(|| invalid("no URL".to_owned()))?;
    // One spelling for one object, so that it is known wherever it is named.
    if !["s3", "gs", "az", "http", "https"].contains(&scheme) {
        return Err(invalid(format!("{scheme}:// is not read; s3://, gs://, az://, https:// and paths are")));
    }
    let (authority, key) = rest.split_once('/').unwrap_or((rest, ""));
    if authority.is_empty() {
        return Err(invalid(format!("a bucket must be named: {scheme}://BUCKET/…")));
    }
    let is_web = scheme.starts_with("http");
    if authority.contains('@') {
        return Err(invalid("credentials do not belong in a URL, where messages would show them".to_owned()));
    }
    if is_web && key.contains(['?', '#']) || key.contains("?X-Amz-") {
        return Err(invalid("URLs with `?` or `#` are not read: what stands there may be secret".to_owned()));
    }
    let key = if is_web { Key::from_url_path(key) } else { Key::parse(key) };
    let key = key.map_err(|error| invalid(format!("no key of an object: {error}")))?;
    let root = format!("{scheme}://{authority}/");
    let mut stores = STORES.lock().unwrap_or_else(PoisonError::into_inner);
    let id = (root.clone(), environment());
    let (store, pace) = match stores.get(&id) {
        Some(open) => open.clone(),
        None => {
            let store = open(scheme, authority).map_err(|error| error::of(&error, url))?;
            stores.entry(id).or_insert((store, Arc::default())).clone()
        }
    };
    Ok(Place { store, key, pace, root })
}

/// Stands for all that stores are told by the environment, which a program in Python may change, and for the process:
/// the connections of the one that it was forked from are not its own.
fn environment() -> u64 {
    let ours = |name: &str| ["AWS_", "GOOGLE_", "AZURE_"].iter().any(|prefix| name.starts_with(prefix));
    let mut variables: Vec<_> =
        std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(ours)).collect();
    variables.sort();
    let mut hasher = DefaultHasher::new();
    (variables, std::process::id()).hash(&mut hasher);
    hasher.finish()
}

fn open(scheme: &str, authority: &str) -> object_store::Result<Arc<dyn ObjectStore>> {
    let retry = RetryConfig {
        backoff: BackoffConfig { init_backoff: FIRST_PAUSE, max_backoff: Duration::from_secs(15), base: 2.0 },
        max_retries: MOST_RETRIES,
        retry_timeout: LONGEST_RETRY,
    };
    // Another part of the program may have chosen one before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let client = ClientOptions::new().with_read_timeout(SILENCE).with_timeout_disabled();
    Ok(match scheme {
        "s3" => {
            let mut builder = AmazonS3Builder::from_env().with_bucket_name(authority).with_retry(retry);
            let endpoint = variable("AWS_ENDPOINT_URL_S3").or_else(|| variable("AWS_ENDPOINT_URL"));
            // Who names an endpoint without encryption wants it so.
            let is_plain = endpoint.as_deref().is_some_and(|endpoint| endpoint.starts_with("http://"));
            if let Some(endpoint) = endpoint {
                builder = builder.with_endpoint(endpoint);
            }
            Arc::new(builder.with_client_options(client.with_allow_http(is_plain)).build()?)
        }
        "gs" => {
            let builder = GoogleCloudStorageBuilder::from_env().with_bucket_name(authority);
            Arc::new(builder.with_retry(retry).with_client_options(client).build()?)
        }
        "az" => {
            let mut builder =
                MicrosoftAzureBuilder::from_env().with_container_name(authority).with_retry(retry);
            if let Some(account) = variable("AZURE_STORAGE_ACCOUNT") {
                builder = builder.with_account(account);
            }
            if let Some(key) = variable("AZURE_STORAGE_KEY") {
                builder = builder.with_access_key(key);
            }
            let is_plain = variable("AZURE_ENDPOINT").is_some_and(|endpoint| endpoint.starts_with("http://"));
            Arc::new(builder.with_client_options(client.with_allow_http(is_plain)).build()?)
        }
        _ => {
            let builder = HttpBuilder::new().with_url(format!("{scheme}://{authority}")).with_retry(retry);
            Arc::new(builder.with_client_options(client.with_allow_http(scheme == "http")).build()?)
        }
    })
}

/// The process that began it, and what it began.
static RUNTIME: Mutex<Option<(u32, &'static Runtime)>> = Mutex::new(None);

/// The threads that wait for answers: two, for they only move bytes. They last as long as the process; one that is
/// forked has none of them and begins its own.
fn runtime() -> io::Result<&'static Runtime> {
    let mut begun = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((process, runtime)) = *begun
        && process == std::process::id()
    {
        return Ok(runtime);
    }
    let runtime =
        Builder::new_multi_thread().worker_threads(2).thread_name("dsir-store").enable_all().build()?;
    let runtime: &'static Runtime = Box::leak(Box::new(runtime));
    *begun = Some((std::process::id(), runtime));
    Ok(runtime)
}

/// Waits for an answer.
pub(super) fn wait<T>(answer: impl Future<Output = T>) -> io::Result<T> {
    Ok(runtime()?.block_on(answer))
}

/// Asks again what has failed on the way: the library does so for whole requests, not for every answer that is cut.
pub(super) async fn again<T, F: Future<Output = io::Result<T>>>(ask: impl Fn() -> F) -> io::Result<T> {
    let begun = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        match ask().await {
            Err(error)
                if matches!(error.kind(), io::ErrorKind::Other | io::ErrorKind::UnexpectedEof)
                    && !StoreError::is_of_change(&error)
                    && begun.elapsed() < LONGEST_RETRY / 4 =>
            {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            answer => return answer,
        }
    }
}

/// Does something while others work.
pub(super) fn spawn(work: impl Future<Output = ()> + Send + 'static) -> io::Result<Spawned> {
    Ok(Spawned(Some(runtime()?.spawn(work))))
}

/// Work that ends when this is dropped.
pub(super) struct Spawned(Option<JoinHandle<()>>);

impl Spawned {
    /// It is of use though nobody waits for it.
    #[cfg(feature = "parquet")]
    pub(super) fn let_go(mut self) {
        self.0 = None;
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        self.0.take().inspect(JoinHandle::abort);
    }
}
