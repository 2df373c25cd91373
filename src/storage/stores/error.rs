use std::io;
use std::path::Path;

/// What a store said, in one line and without what it repeats of the request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// Something it does not do, or does not have.
    #[error("{0}")]
    Answer(String),
    /// The object was replaced between two requests.
    #[error(
        "the object was replaced while the run was reading it; run the same again when nothing writes to it"
    )]
    Changed,
}

impl StoreError {
    pub(super) fn changed() -> io::Error {
        io::Error::other(StoreError::Changed)
    }

    /// Whether an object was replaced while it was read.
    pub(crate) fn is_of_change(error: &io::Error) -> bool {
        let of_store = error.get_ref().and_then(|inner| inner.downcast_ref::<StoreError>());
        matches!(of_store, Some(StoreError::Changed))
    }

    pub(super) fn answer(kind: io::ErrorKind, words: impl Into<String>) -> io::Error {
        io::Error::new(kind, StoreError::Answer(words.into()))
    }
}

/// No more of an answer is shown.
const LONGEST: usize = 300;

/// The address under which a cloud's own machines ask for credentials.
const MACHINE_CREDENTIALS: &str = "169.254.169.254";

/// What a store answered about the object at `url`.
pub(super) fn of(error: &object_store::Error, url: &Path) -> io::Error {
    use object_store::Error as Store;
    let text = error.to_string();
    if text.contains(MACHINE_CREDENTIALS) {
        return StoreError::answer(io::ErrorKind::PermissionDenied, no_credentials(url));
    }
    let kind = match error {
        Store::NotFound { .. } => io::ErrorKind::NotFound,
        Store::PermissionDenied { .. } | Store::Unauthenticated { .. } => io::ErrorKind::PermissionDenied,
        Store::NotSupported { .. } | Store::NotImplemented { .. } => io::ErrorKind::Unsupported,
        Store::InvalidPath { .. } => io::ErrorKind::InvalidInput,
        // Of lists and uploads, the library has one error for all answers.
        _ => match status(&text) {
            Some(404) => io::ErrorKind::NotFound,
            Some(401 | 403) => io::ErrorKind::PermissionDenied,
            // Asking again would change nothing.
            None if ["redirect", "header", "Header"].iter().any(|word| text.contains(word)) => {
                io::ErrorKind::InvalidInput
            }
            Some(code @ 400..=499) if !matches!(code, 408 | 429) => io::ErrorKind::InvalidInput,
            _ => io::ErrorKind::Other,
        },
    };
    let words = match kind {
        io::ErrorKind::NotFound => format!("no such object{}", in_brackets(&text)),
        io::ErrorKind::PermissionDenied if url.to_string_lossy().starts_with("http") => {
            "the server refuses it".to_owned()
        }
        io::ErrorKind::PermissionDenied => format!(
            "the store refuses it{}; credentials are taken from the environment (docs/data.md)",
            in_brackets(&text)
        ),
        // What the client needs of the machine, an empty container has not.
        _ if text.contains("builder error") => {
            "no connection can be made: are there certificates here? Install ca-certificates, or name a file in \
             SSL_CERT_FILE"
                .to_owned()
        }
        _ => format!("the store does not give or take it: {}", in_short(&text)),
    };
    StoreError::answer(kind, words)
}

/// The status of an answer that was an error.
fn status(text: &str) -> Option<u16> {
    let (_, after) = text.split_once("status code: ")?;
    after.get(..3)?.parse().ok()
}

fn no_credentials(url: &Path) -> String {
    let names = match url.to_string_lossy().split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase()) {
        Some(scheme) if scheme == "gs" => "GOOGLE_APPLICATION_CREDENTIALS",
        Some(scheme) if scheme == "az" => "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
        _ => "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_SKIP_SIGNATURE=true for a public bucket",
    };
    format!("no credentials are in the environment, and this machine has none of its own: set {names}")
}

fn in_brackets(text: &str) -> String {
    code_and_message(text).map_or_else(String::new, |said| format!(" ({said})"))
}

fn in_short(text: &str) -> String {
    let start = text.find("<?xml").or_else(|| text.find("<Error")).or_else(|| text.find("<html"));
    let before = text[..start.unwrap_or(text.len())].split_whitespace().collect::<Vec<_>>().join(" ");
    let whole = match code_and_message(text) {
        Some(said) => format!("{before} {said}"),
        None => before,
    };
    match whole.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &whole[..end]),
        None => whole,
    }
}

/// The code and the message of an answer in XML, which may hold identifiers of credentials besides.
fn code_and_message(text: &str) -> Option<String> {
    let element = |name: &str| {
        let (_, after) = text.split_once(&format!("<{name}>"))?;
        Some(after.split_once(&format!("</{name}>"))?.0.trim())
    };
    match (element("Code"), element("Message")) {
        (Some(code), Some(message)) => Some(format!("{code}: {message}")),
        (code, message) => code.or(message).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_answer_in_xml_only_code_and_message_are_told() {
        let answer = "Generic S3 error: status 403: <?xml version=\"1.0\"?>\n<Error><Code>SignatureDoesNotMatch</Code>\
                      <Message>it does not match</Message><AWSAccessKeyId>AKIA</AWSAccessKeyId></Error>";
        assert_eq!(
            in_short(answer),
            "Generic S3 error: status 403: SignatureDoesNotMatch: it does not match"
        );
        assert_eq!(in_short("a\n  b"), "a b");
        assert_eq!(status("Server returned non-2xx status code: 404 Not Found: <Error>"), Some(404));
    }
}
