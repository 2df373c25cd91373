//! What is gathered of documents while they are read to be written.
//!
//! What the rows tell decides what is `Wanted` of which documents. For each record that is read, `Gathering::reading`
//! says what is to be done with it; a `GatheringThread` does it, and at its end hands over what it `Found`. All of it
//! together is `Gathered`.

use std::sync::{Mutex, PoisonError};

use ahash::AHashMap;

use super::curve::{DOUBLINGS, HALVINGS, bands_of_others, levels};
use super::picks::Pick;
use super::rows::{NOTABLE, RowsReview};
use crate::density::Counts;
use crate::ln::exp;
use crate::reader::{FieldKind, TextFields, TextReader};
use crate::resample::{Plan, Position, is_mix_in};
use crate::weights::Row;

/// The texts of so many selected documents, and of so many others, are kept to find out which n-grams they have.
pub(super) const NGRAM_TEXTS: usize = 256;
/// Of a document that is shown, so many bytes are kept, and of any other so many.
const SHOWN_BYTES: usize = 64 << 10;
const OTHER_BYTES: usize = 8 << 10;
/// A sample of the selected documents is in so many blocks, which the bootstrap draws from; fewer if there are many
/// buckets.
const BLOCKS: usize = 128;
const FEWER_BLOCKS: usize = 64;
/// More numbers are not kept.
const MOST_CELLS: usize = 1 << 24;
/// Each thread keeps so many sums at the most, for halved and doubled budgets, and no more numbers in them.
const MOST_SUMS: usize = 1 + HALVINGS as usize + 2 * (1 + DOUBLINGS as usize);
const MOST_CELLS_A_THREAD: usize = 1 << 21;

/// What is wanted of the documents that are read, and what was found.
pub(crate) struct Gathering<'a> {
    plan: &'a Plan,
    fields: &'a TextFields,
    /// The n-grams are counted in so many buckets; `None` if there is no model.
    buckets: Option<u32>,
    temperature: f64,
    /// The largest log weight for each target.
    largest: Vec<f64>,
    /// The margins at which halved budgets end, in falling order; all that is selected is above the last.
    levels: Vec<f64>,
    /// Which documents are wanted for more than their n-grams.
    wanted: AHashMap<Position, Wanted>,
    /// Of what is not selected, no larger content hash is wanted.
    last_hash: u64,
    /// Of what is selected, no larger one is in a block.
    last_in_blocks: u64,
    /// Of the selected in the sample, by their content hashes.
    blocks: Vec<Mutex<Vec<u64>>>,
    found: Mutex<Found>,
}

/// What is wanted of a document.
#[derive(Clone, Copy, Default)]
struct Wanted {
    /// So many bytes of its text.
    bytes: usize,
    /// The doubled budget that it would be selected by, and the half of the sample that it is in.
    band: Option<(usize, usize)>,
}

/// Sums over documents.
#[derive(Clone, Debug)]
pub(super) struct Sums {
    pub(super) counts: Counts,
    /// Σ exp((log weight − largest) / T), and of the squares.
    pub(super) exps: [Fixed; 2],
}

/// A number from 0 to 1, or a sum of such, in fixed point, so that a sum does not depend on the order.
type Fixed = u128;
pub(super) const POINT: f64 = (1u64 << 60) as f64;

impl Sums {
    pub(super) fn none(buckets: u32) -> Self {
        Sums { counts: Counts::new(buckets), exps: [0; 2] }
    }

    /// Adds what others have.
    pub(super) fn join(&mut self, other: &Sums) {
        // Nothing here comes near 64 bits: these are n-grams that this run has counted.
        self.counts.documents += other.counts.documents;
        self.counts.tokens += other.counts.tokens;
        self.counts.counts.iter_mut().zip(&other.counts.counts).for_each(|(sum, more)| *sum += more);
        self.exps.iter_mut().zip(other.exps).for_each(|(sum, more)| *sum += more);
    }
}

/// What was found.
#[derive(Clone, Debug, Default)]
struct Found {
    /// Of the selected documents of each level.
    levels: Vec<Sums>,
    /// Of the others in each band, in two halves.
    bands: Vec<[Sums; 2]>,
    texts: Vec<(Position, KeptText)>,
}

/// A text that was kept.
#[derive(Clone, Debug)]
pub(super) struct KeptText {
    pub(super) text: String,
    /// Whether that is the beginning of a longer one.
    pub(super) is_cut: bool,
}

impl KeptText {
    /// Up to so many bytes of it.
    fn beginning(&self, bytes: usize) -> &str {
        &self.text[..self.text.floor_char_boundary(bytes)]
    }
}

/// All that was gathered.
pub(crate) struct Gathered {
    pub(super) levels: Vec<Sums>,
    pub(super) bands: Vec<[Sums; 2]>,
    pub(super) blocks: Vec<Vec<u64>>,
    pub(super) texts: Texts,
}

/// The texts that were kept, by the rows that they were wanted for.
pub(super) struct Texts {
    by_position: AHashMap<Position, KeptText>,
    selected: Vec<Pick>,
    others: Vec<Pick>,
}

impl Texts {
    pub(super) fn of(&self, pick: &Pick) -> Option<&KeptText> {
        self.by_position.get(&pick.position)
    }

    /// Those of a sample of the selected documents, and of the others.
    pub(super) fn samples(&self) -> [Vec<&str>; 2] {
        [&self.selected, &self.others].map(|picks| {
            picks.iter().filter_map(|pick| Some(self.of(pick)?.beginning(OTHER_BYTES))).collect()
        })
    }
}

/// What one thread has found.
pub(crate) struct GatheringThread<'a> {
    gathering: &'a Gathering<'a>,
    texts: TextReader<'a>,
    found: Found,
    reading: Reading,
}

/// What is done with the document that is being read.
#[derive(Clone, Copy, Default)]
pub(crate) struct Reading {
    position: Option<Position>,
    place: Option<Place>,
    block: Option<usize>,
    bytes: usize,
    exps: [Fixed; 2],
    tokens: u32,
    /// How often the first draw has selected it.
    times: u64,
}

#[derive(Clone, Copy)]
enum Place {
    Level(usize),
    Band(usize, usize),
}

impl<'a> Gathering<'a> {
    /// What is wanted by what the rows tell; n-grams fall into so many buckets, if there is a model.
    pub(crate) fn new(
        rows: &RowsReview,
        plan: &'a Plan,
        fields: &'a TextFields,
        buckets: Option<u32>,
    ) -> Self {
        let mut wanted: AHashMap<Position, Wanted> = AHashMap::new();
        let mut text = |picks: &[Pick], bytes: usize| {
            for pick in picks {
                let of_pick = wanted.entry(pick.position).or_default();
                of_pick.bytes = of_pick.bytes.max(bytes);
            }
        };
        let first = |picks: &'_ [Pick], count: usize| picks.iter().take(count).copied().collect::<Vec<_>>();
        for picks in [&rows.top, &rows.last, &rows.next] {
            text(picks, SHOWN_BYTES);
        }
        for picks in [&rows.selected, &rows.others] {
            text(&first(picks, 2 * NOTABLE), SHOWN_BYTES);
            text(&first(picks, NGRAM_TEXTS), OTHER_BYTES);
        }
        let tells_budgets = rows.ranks_all
            && !rows.has_mixed_in
            && buckets.is_some_and(|buckets| buckets as usize * MOST_SUMS <= MOST_CELLS_A_THREAD);
        let levels = if tells_budgets { levels(rows) } else { Vec::new() };
        let mut bands = 0;
        if tells_budgets {
            let in_bands = bands_of_others(rows);
            bands = in_bands.iter().map(|(_, band)| band + 1).max().unwrap_or(0);
            for (number, (pick, band)) in in_bands.into_iter().enumerate() {
                wanted.entry(pick.position).or_default().band = Some((band, number % 2));
            }
        }
        let blocks = buckets.map_or(0, |buckets| {
            let fits = |blocks: &usize| blocks * buckets as usize <= MOST_CELLS;
            [BLOCKS, FEWER_BLOCKS].into_iter().find(fits).unwrap_or(0)
        });
        let cells = buckets.unwrap_or(0);
        let found = Found {
            levels: vec![Sums::none(cells); levels.len()],
            bands: (0..bands).map(|_| [Sums::none(cells), Sums::none(cells)]).collect(),
            texts: Vec::new(),
        };
        Gathering {
            plan,
            fields,
            buckets,
            temperature: rows.temperature,
            largest: rows.targets.iter().map(|target| target.largest).collect(),
            levels,
            wanted,
            last_hash: rows.others.last().map_or(0, |pick| pick.hash),
            last_in_blocks: rows.selected.last().map_or(0, |pick| pick.hash),
            blocks: (0..blocks).map(|_| Mutex::new(vec![0; cells as usize])).collect(),
            found: Mutex::new(found),
        }
    }

    /// Begins a thread.
    pub(crate) fn thread(&'a self) -> GatheringThread<'a> {
        let cells = self.buckets.unwrap_or(0);
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let found = Found {
            levels: vec![Sums::none(cells); found.levels.len()],
            bands: found.bands.iter().map(|_| [Sums::none(cells), Sums::none(cells)]).collect(),
            texts: Vec::new(),
        };
        let texts = TextReader::of_kind(self.fields, FieldKind::Text);
        GatheringThread { gathering: self, texts, found, reading: Reading::default() }
    }

    /// What is to be done with the document of a row that the first draw has selected so many times; `None` if it is not
    /// wanted.
    #[inline]
    pub(crate) fn reading(&self, position: Position, row: &Row<'_>, times: u64) -> Option<Reading> {
        let is_selected = times > 0;
        if !is_selected && row.record() > self.last_hash || row.group().is_some_and(is_mix_in) {
            return None;
        }
        let wanted = self.wanted.get(&position).copied();
        let Wanted { bytes, band } = match wanted {
            Some(wanted) => wanted,
            None if is_selected && self.buckets.is_some() => Wanted::default(),
            None => return None,
        };
        let (target, margin) = self.plan.margin(row)?;
        let place = match (is_selected, band) {
            (true, _) => {
                let level = self.levels.partition_point(|level| *level > margin);
                self.levels.len().checked_sub(1).map(|last| Place::Level(level.min(last)))
            }
            (false, band) => band.map(|(band, half)| Place::Band(band, half)),
        };
        let above = self.largest.get(target).map(|largest| self.plan.log_weight(row, target) - largest);
        let exps = match above {
            Some(above) if self.temperature > 0.0 && above <= 0.0 => {
                let exp = exp(above / self.temperature);
                [exp, exp * exp].map(|exp| (exp * POINT) as Fixed)
            }
            _ => [0; 2],
        };
        let is_in_block = is_selected && row.record() <= self.last_in_blocks && !self.blocks.is_empty();
        let block = is_in_block.then(|| (row.record() % self.blocks.len() as u64) as usize);
        Some(Reading { position: Some(position), place, block, bytes, exps, tokens: row.tokens(), times })
    }

    /// All that was found.
    pub(crate) fn finish(self, rows: &RowsReview) -> Gathered {
        let Found { levels, bands, texts } = self.found.into_inner().unwrap_or_else(PoisonError::into_inner);
        let block = |block: Mutex<Vec<u64>>| block.into_inner().unwrap_or_else(PoisonError::into_inner);
        let sample = |picks: &[Pick]| picks.iter().take(NGRAM_TEXTS).copied().collect();
        let texts = Texts {
            by_position: texts.into_iter().collect(),
            selected: sample(&rows.selected),
            others: sample(&rows.others),
        };
        Gathered { levels, bands, blocks: self.blocks.into_iter().map(block).collect(), texts }
    }
}

impl GatheringThread<'_> {
    /// Begins with a record whose text nobody has taken out of it.
    pub(crate) fn begin_record(&mut self, reading: Reading, record: &[u8]) {
        let text = self.texts.text(record).map(|text| text.into_owned());
        // A record without a text was skipped when it was weighed, or its text is of another field.
        text.iter().for_each(|text| self.begin(reading, text));
    }

    /// Begins with a document.
    pub(crate) fn begin(&mut self, reading: Reading, text: &str) {
        self.reading = reading;
        if let (true, Some(position)) = (reading.bytes > 0, reading.position) {
            let end = text.floor_char_boundary(reading.bytes);
            let kept = KeptText { text: text[..end].to_owned(), is_cut: end < text.len() };
            self.found.texts.push((position, kept));
        }
        if let Some(sums) = self.sums() {
            sums.counts.documents += 1;
            sums.counts.tokens += u64::from(reading.tokens);
            sums.exps.iter_mut().zip(reading.exps).for_each(|(sum, exp)| *sum += exp);
        }
    }

    /// Adds n-grams of the document, by their buckets.
    pub(crate) fn features(&mut self, buckets: &[u32]) {
        let add = |counts: &mut Vec<u64>, times| {
            buckets.iter().for_each(|bucket| counts[*bucket as usize] += times);
        };
        if let Some(sums) = self.sums() {
            add(&mut sums.counts.counts, 1);
        }
        if let Some(block) = self.reading.block.and_then(|block| self.gathering.blocks.get(block)) {
            let times = self.reading.times;
            add(&mut block.lock().unwrap_or_else(PoisonError::into_inner), times);
        }
    }

    /// Hands over what the thread has found.
    pub(crate) fn end(self) {
        let GatheringThread { gathering, found: more, .. } = self;
        let mut found = gathering.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.levels.iter_mut().zip(&more.levels).for_each(|(sum, more)| sum.join(more));
        for (sums, more) in found.bands.iter_mut().zip(&more.bands) {
            sums.iter_mut().zip(more).for_each(|(sum, more)| sum.join(more));
        }
        found.texts.extend(more.texts);
    }

    fn sums(&mut self) -> Option<&mut Sums> {
        match self.reading.place? {
            Place::Level(level) => self.found.levels.get_mut(level),
            Place::Band(band, half) => self.found.bands.get_mut(band).map(|halves| &mut halves[half]),
        }
    }
}
