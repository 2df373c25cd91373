//! By what records are known: their content, or fields that hold an id.

use super::{Fault, FieldPath, content_hash, field_names, field_text};

/// The fields by whose values a record is known, in place of its content; none: it is known by its content.
///
/// ```
/// use dsir::reader::{IdFields, content_hash};
///
/// let ids = IdFields::new(["meta.id"]).unwrap();
/// assert_eq!(ids.hash(br#"{"meta": {"id": 17}, "text": "..."}"#)?, content_hash(b"17"));
/// assert!(ids.hash(br#"{"text": "..."}"#).is_err());
/// # Ok::<(), dsir::reader::Fault>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdFields {
    paths: Vec<FieldPath>,
}

impl IdFields {
    /// Fields from their dotted names; `None` if one has an empty part.
    pub fn new<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Option<Self> {
        let paths: Option<_> = names.into_iter().map(|name| FieldPath::new(name.as_ref())).collect();
        Some(IdFields { paths: paths? })
    }

    /// The dotted names.
    pub fn names(&self) -> Vec<String> {
        self.paths.iter().map(FieldPath::to_string).collect()
    }

    /// Whether records are known by their content.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// The 64 bits that stand for a record, in place of its content hash: the hash of its id or, of several, of their
    /// values with `\n` between them. `docs/feature-space.md` has vectors.
    ///
    /// # Errors
    /// A record without one of the fields, or with something else than a string, a number, true or false there.
    pub fn hash(&self, record: &[u8]) -> Result<u64, Fault> {
        let value = |path: &FieldPath| {
            let missing = || Fault::NoId { field: path.to_string(), there: field_names(record) };
            field_text(record, path).ok_or_else(missing)
        };
        match &self.paths[..] {
            [] => Ok(content_hash(record)),
            [path] => Ok(content_hash(value(path)?.as_bytes())),
            paths => {
                let values = paths.iter().map(value).collect::<Result<Vec<_>, _>>()?;
                Ok(content_hash(values.join("\n").as_bytes()))
            }
        }
    }
}
