//! Why a document has its log weight.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::density::Model;
use crate::error::Error;
use crate::explain::Explanation;
use crate::observer::Observer;
use crate::passes::ReadOptions;
use crate::reader::{self, Block, BlockReader, Shards, TextReader};
use crate::storage;

/// The document that is explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DocumentPlace {
    /// The text that standard input is.
    Stdin,
    /// The text that a file is.
    File(PathBuf),
    /// A record of a shard.
    Record {
        /// The shard.
        shard: PathBuf,
        /// Which record, from 0, as rows of weights are counted.
        row: u64,
    },
}

/// What [`explain`] explains.
#[derive(Clone, Debug)]
pub struct ExplainOptions {
    /// The document.
    pub document: DocumentPlace,
    /// The file of the model.
    pub model: PathBuf,
    /// How a record becomes a document.
    pub read: ReadOptions,
}

/// A document and what its log weights are made of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExplainedDocument {
    /// The format's version.
    pub dsir_explanation: u32,
    /// The document's text.
    pub text: String,
    /// The names of the targets.
    pub targets: Vec<String>,
    /// What its log weights are made of.
    #[serde(flatten)]
    pub explanation: Explanation,
}

/// Explains the log weights of a document.
///
/// # Errors
/// A document or a model that cannot be read; a partial model; a sentence model that is needed and not there.
pub fn explain(options: &ExplainOptions) -> Result<ExplainedDocument, Error> {
    let model = Model::read(&options.model)?;
    let featurizers = options.read.featurizers(model.space)?;
    let text = match &options.document {
        DocumentPlace::Stdin => text_of(Path::new("-"), |bytes| std::io::stdin().read_to_end(bytes))?,
        DocumentPlace::File(path) => text_of(path, |bytes| {
            *bytes = storage::read(path)?;
            Ok(bytes.len())
        })?,
        DocumentPlace::Record { shard, row } => text_of_record(shard, *row, &model, &options.read)?,
    };
    let explanation = Explanation::new(&text, &model, &featurizers)?;
    let targets = model.targets.into_iter().map(|target| target.name).collect();
    Ok(ExplainedDocument { dsir_explanation: 1, text, targets, explanation })
}

fn text_of(path: &Path, read: impl FnOnce(&mut Vec<u8>) -> std::io::Result<usize>) -> Result<String, Error> {
    let failed = |source| reader::Error::Open { path: path.into(), source };
    let mut bytes = Vec::new();
    read(&mut bytes).map_err(failed)?;
    let not_text = |_| failed(std::io::Error::new(std::io::ErrorKind::InvalidData, "it is no UTF-8 text"));
    Ok(String::from_utf8(bytes).map_err(not_text)?)
}

fn text_of_record(shard: &Path, row: u64, model: &Model, read: &ReadOptions) -> Result<String, Error> {
    let shards = Shards::find([shard])?;
    let mut texts = TextReader::of_kind(&read.fields, model.space.tokenizer.field_kind());
    let (mut block, mut records) = (Block::default(), 0);
    if let [shard] = &shards.iter().collect::<Vec<_>>()[..] {
        let mut reader = BlockReader::open(shard, &Observer::default())?;
        while reader.next_block(&mut block)? {
            let place = row.checked_sub(block.first_record()).and_then(|place| usize::try_from(place).ok());
            if let Some(record) = place.and_then(|place| block.records().nth(place)) {
                let (line, walked) = (shard.line(record.line), false);
                let failed =
                    |fault| reader::Error::Record { shard: shard.path().into(), line, fault, walked };
                return Ok(texts.text(record.bytes).map_err(failed)?.into_owned());
            }
            records = block.first_record() + block.len() as u64;
        }
    }
    Err(reader::Error::NoRecord { shard: shard.into(), row, records }.into())
}
