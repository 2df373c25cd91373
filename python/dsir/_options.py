"""The options of the commands, as types. Written by ``generate.py``: do not edit."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict, Union

Path = Union[str, "os.PathLike[str]"]


class SelectOptions(TypedDict, total=False):
    """Options of ``dsir select``."""

    ngrams: int | None
    """Count n-grams of 1 to N tokens."""
    buckets: int | str | None
    """Hash n-grams into N buckets."""
    hash: Literal["dsir1", "sha256"] | None
    """How an n-gram finds its bucket."""
    tokenizer: Literal["wordpunct", "word_tokenize", "unicode", "bytes", "ids"] | None
    """How a text is split into tokens."""
    smoothing: float | None
    """Add A to every bucket's count in the targets."""
    rare: bool | None
    """Draw towards what is rare in raw: a target, called `rare`, in which all n-grams are as likely."""
    fit_tokens: int | str | None
    """Count at most so many n-grams of the raw corpus: auto, all, or a number."""
    refine: bool | None
    """Learn log-ratios with which the selection as a whole comes closest to the target."""
    auto: bool | None
    """Select as is best for nearly all targets: `refine` with `buckets=65536` `fit_tokens` 1e9."""
    learn: Literal["classifier"] | None
    """Learn log-ratios that tell documents of the target from others."""
    against: str | Sequence[str] | None
    """With `learn`, tell documents of the target from those of FILE, not from raw ones; repeatable."""
    punkt: Path | None
    """The folder with the trained sentence model, NLTK's punkt_tab."""
    min_tokens: int | str | None
    """Leave out records with fewer tokens."""
    temperature: float | str | Sequence[float] | None
    """Divide log weights by T before drawing; 0 takes the largest without noise. T,T,... : one for each of
    `draws`."""
    normalize: Literal["none", "sqrt", "tokens"] | None
    """Divide log weights, which are sums over all n-grams of a document, by its length [default: none; tokens
    if the model is refined]."""
    seed: int | None
    """Another seed draws another selection."""
    proportions: str | Sequence[float] | Mapping[str, float] | None
    """The separate targets' shares: NAME=SHARE,... or SHARE,... in their order."""
    proportions_temperature: float | None
    """Between shares by the targets' tokens (1) and even ones (inf): in proportion to tokens^(1/T)."""
    combine: Literal["apart", "product"] | None
    """What separate targets do: each draws its share, or one draw by the product of all importance
    weights."""
    exponents: str | Sequence[float] | Mapping[str, float] | None
    """The powers in the product: NAME=E,... or E,... in the targets' order; a negative one draws away from a
    target."""
    group_by: str | None
    """Draw within groups of records that have the same value in this field; a dotted path reaches into
    objects."""
    group_share: str | Mapping[str, float] | None
    """The groups' shares of the budget: raw (by what there is of each), even, or NAME=SHARE,...."""
    mix_in: str | Sequence[str] | Mapping[str, int] | None
    """Also select N random records, beside the budget: of those where FIELD is VALUE, or of FILE;
    repeatable."""
    allow_fewer: bool | None
    """Take all eligible records if they are fewer than asked for."""
    draws: int | None
    """Make E selections, one for each epoch, each with the whole budget and with noise of its own."""
    repeat: int | None
    """Let a record be selected up to M times, each time with noise of its own; budgets count every time."""
    repeat_curve: str | None
    """Draw by rank: at percentile P of the eligible tokens, ordered by log weight or score, expect a record C
    times."""
    disjoint: bool | None
    """With `draws`, select no record again before all eligible records were selected."""
    method: Literal["gumbel", "topk", "random"] | None
    """How records are drawn."""
    unique: bool | None
    """Of documents with the same text, let only one be drawn: that with the least content hash."""
    where: str | Sequence[str] | None
    """Keep the records whose FIELD is VALUE; repeatable."""
    where_not: str | Sequence[str] | None
    """Leave out the records whose FIELD is VALUE; repeatable."""
    quality: Literal["paper"] | None
    """Keep the texts that are within the bounds of the DSIR paper."""
    quality_length: str | None
    """Keep texts with more than A and fewer than B tokens [paper: 40..500]."""
    quality_repeating: str | None
    """Keep texts whose commonest token has a share between A and B of all [paper: 0.02..0.2]."""
    quality_informative: str | None
    """Keep texts whose share of tokens but stop words and punctuation is between A and B [paper:
    0.3..0.7]."""
    quality_numeric: str | None
    """Keep texts whose share of tokens but single digits is between A and B [paper: 0.8..]."""
    decontaminate: str | Sequence[str] | None
    """Leave out documents that share a long n-gram with an item of this evaluation set: a file or folder;
    repeatable."""
    decontaminate_ngrams: int | None
    """How many tokens in a row a document must share with an item; at least 5."""
    decontaminate_field: str | Sequence[str] | None
    """A field of the items that is searched for; repeatable [default: as `text_field`]."""
    decontaminate_report: Path | None
    """Write to FILE, for each document that is left out, what it shares and with which items, as JSON
    lines."""
    shuffle: bool | None
    """Write in random order instead of input order."""
    annotate: bool | None
    """Add each record's log weight to it, as a field `log_weight`."""
    report: Path | None
    """Also write a page about the selection to FILE, in HTML: what was selected, from where, and why."""
    report_by: str | None
    """In the report, tell sources apart by this field; a dotted path reaches into objects [default:
    shards]."""
    exclude: str | Sequence[str] | None
    """Leave out files of walked folders whose name, or path from the folder, is like GLOB; repeatable."""
    text_field: str | Sequence[str] | None
    """The field with the text; a dotted path reaches into objects; repeatable."""
    invalid: Literal["stop", "skip"] | None
    """What to do with an invalid record."""
    rejects: Path | None
    """Write the skipped records, and why, to FILE; implies `invalid="skip"`."""
    id_field: str | Sequence[str] | None
    """Draw by the record's id in FIELD instead of its content; a dotted path reaches into objects;
    repeatable."""
    work: Path | None
    """Keep finished work in DIR, so that the same command resumes from it [default: beside the output]."""
    summary: Path | None
    """Write a summary to FILE, as one JSON object."""
    threads: int | None
    """Use up to N threads [default: what the machine and its cgroup allow]."""
    temp_dir: Path | None
    """The folder for temporary data [default: $TMPDIR or /tmp]."""
    config: Path | None
    """Take options from FILE, in TOML, under their own names; what is typed wins."""


class FitOptions(TypedDict, total=False):
    """Options of ``dsir fit``."""

    ngrams: int | None
    """Count n-grams of 1 to N tokens."""
    buckets: int | str | None
    """Hash n-grams into N buckets."""
    hash: Literal["dsir1", "sha256"] | None
    """How an n-gram finds its bucket."""
    tokenizer: Literal["wordpunct", "word_tokenize", "unicode", "bytes", "ids"] | None
    """How a text is split into tokens."""
    smoothing: float | None
    """Add A to every bucket's count in the targets."""
    rare: bool | None
    """Draw towards what is rare in raw: a target, called `rare`, in which all n-grams are as likely."""
    fit_tokens: int | str | None
    """Count at most so many n-grams of the raw corpus: auto, all, or a number."""
    refine_for: float | None
    """Learn log-ratios with which a selection of this share of the eligible tokens, as a whole, comes closest
    to the target."""
    min_tokens: int | str | None
    """With `refine_for` and `learn`, records with fewer tokens are not eligible."""
    learn: Literal["classifier"] | None
    """Learn log-ratios that tell documents of the target from others."""
    against: str | Sequence[str] | None
    """With `learn`, tell documents of the target from those of FILE, not from raw ones; repeatable."""
    punkt: Path | None
    """The folder with the trained sentence model, NLTK's punkt_tab."""
    exclude: str | Sequence[str] | None
    """Leave out files of walked folders whose name, or path from the folder, is like GLOB; repeatable."""
    text_field: str | Sequence[str] | None
    """The field with the text; a dotted path reaches into objects; repeatable."""
    invalid: Literal["stop", "skip"] | None
    """What to do with an invalid record."""
    rejects: Path | None
    """Write the skipped records, and why, to FILE; implies `invalid="skip"`."""
    id_field: str | Sequence[str] | None
    """Draw by the record's id in FIELD instead of its content; a dotted path reaches into objects;
    repeatable."""
    summary: Path | None
    """Write a summary to FILE, as one JSON object."""
    threads: int | None
    """Use up to N threads [default: what the machine and its cgroup allow]."""
    temp_dir: Path | None
    """The folder for temporary data [default: $TMPDIR or /tmp]."""
    config: Path | None
    """Take options from FILE, in TOML, under their own names; what is typed wins."""


class WeighOptions(TypedDict, total=False):
    """Options of ``dsir weigh``."""

    punkt: Path | None
    """The folder with the trained sentence model, NLTK's punkt_tab."""
    sidecar: Literal["parquet", "dolma"] | None
    """Write the log weights, and a classifier's probabilities, also in a form that other tools read, a file
    for each shard beside its weights."""
    exclude: str | Sequence[str] | None
    """Leave out files of walked folders whose name, or path from the folder, is like GLOB; repeatable."""
    text_field: str | Sequence[str] | None
    """The field with the text; a dotted path reaches into objects; repeatable."""
    invalid: Literal["stop", "skip"] | None
    """What to do with an invalid record."""
    rejects: Path | None
    """Write the skipped records, and why, to FILE; implies `invalid="skip"`."""
    id_field: str | Sequence[str] | None
    """Draw by the record's id in FIELD instead of its content; a dotted path reaches into objects;
    repeatable."""
    where: str | Sequence[str] | None
    """Keep the records whose FIELD is VALUE; repeatable."""
    where_not: str | Sequence[str] | None
    """Leave out the records whose FIELD is VALUE; repeatable."""
    quality: Literal["paper"] | None
    """Keep the texts that are within the bounds of the DSIR paper."""
    quality_length: str | None
    """Keep texts with more than A and fewer than B tokens [paper: 40..500]."""
    quality_repeating: str | None
    """Keep texts whose commonest token has a share between A and B of all [paper: 0.02..0.2]."""
    quality_informative: str | None
    """Keep texts whose share of tokens but stop words and punctuation is between A and B [paper:
    0.3..0.7]."""
    quality_numeric: str | None
    """Keep texts whose share of tokens but single digits is between A and B [paper: 0.8..]."""
    decontaminate: str | Sequence[str] | None
    """Leave out documents that share a long n-gram with an item of this evaluation set: a file or folder;
    repeatable."""
    decontaminate_ngrams: int | None
    """How many tokens in a row a document must share with an item; at least 5."""
    decontaminate_field: str | Sequence[str] | None
    """A field of the items that is searched for; repeatable [default: as `text_field`]."""
    decontaminate_report: Path | None
    """Write to FILE, for each document that is left out, what it shares and with which items, as JSON
    lines."""
    work: Path | None
    """Keep finished work in DIR, so that the same command resumes from it [default: beside the output]."""
    summary: Path | None
    """Write a summary to FILE, as one JSON object."""
    threads: int | None
    """Use up to N threads [default: what the machine and its cgroup allow]."""
    temp_dir: Path | None
    """The folder for temporary data [default: $TMPDIR or /tmp]."""
    config: Path | None
    """Take options from FILE, in TOML, under their own names; what is typed wins."""


class ResampleOptions(TypedDict, total=False):
    """Options of ``dsir resample``."""

    score_field: str | None
    """Draw by the number in this field of each record instead; a dotted path reaches into objects."""
    log_scores: bool | None
    """The scores are logarithms."""
    tokenizer: Literal["wordpunct", "word_tokenize", "unicode", "bytes", "ids"] | None
    """How tokens are counted for weights of your own that do not tell them [default: wordpunct]."""
    method: Literal["gumbel", "topk", "random", "pareto"] | None
    """How records are drawn."""
    plan_only: Path | None
    """Decide, and write what was decided to PLAN and nothing else."""
    plan: Path | None
    """Write what PLAN has selected of the shards named here, instead of drawing."""
    punkt: Path | None
    """The folder with the trained sentence model, NLTK's punkt_tab."""
    min_tokens: int | str | None
    """Leave out records with fewer tokens."""
    temperature: float | str | Sequence[float] | None
    """Divide log weights by T before drawing; 0 takes the largest without noise. T,T,... : one for each of
    `draws`."""
    normalize: Literal["none", "sqrt", "tokens"] | None
    """Divide log weights, which are sums over all n-grams of a document, by its length [default: none; tokens
    if the model is refined]."""
    seed: int | None
    """Another seed draws another selection."""
    proportions: str | Sequence[float] | Mapping[str, float] | None
    """The separate targets' shares: NAME=SHARE,... or SHARE,... in their order."""
    proportions_temperature: float | None
    """Between shares by the targets' tokens (1) and even ones (inf): in proportion to tokens^(1/T)."""
    combine: Literal["apart", "product"] | None
    """What separate targets do: each draws its share, or one draw by the product of all importance
    weights."""
    exponents: str | Sequence[float] | Mapping[str, float] | None
    """The powers in the product: NAME=E,... or E,... in the targets' order; a negative one draws away from a
    target."""
    group_by: str | None
    """Draw within groups of records that have the same value in this field; a dotted path reaches into
    objects."""
    group_share: str | Mapping[str, float] | None
    """The groups' shares of the budget: raw (by what there is of each), even, or NAME=SHARE,...."""
    mix_in: str | Sequence[str] | Mapping[str, int] | None
    """Also select N random records, beside the budget: of those where FIELD is VALUE, or of FILE;
    repeatable."""
    allow_fewer: bool | None
    """Take all eligible records if they are fewer than asked for."""
    draws: int | None
    """Make E selections, one for each epoch, each with the whole budget and with noise of its own."""
    repeat: int | None
    """Let a record be selected up to M times, each time with noise of its own; budgets count every time."""
    repeat_curve: str | None
    """Draw by rank: at percentile P of the eligible tokens, ordered by log weight or score, expect a record C
    times."""
    disjoint: bool | None
    """With `draws`, select no record again before all eligible records were selected."""
    unique: bool | None
    """Of documents with the same text, let only one be drawn: that with the least content hash."""
    where: str | Sequence[str] | None
    """Keep the records whose FIELD is VALUE; repeatable."""
    where_not: str | Sequence[str] | None
    """Leave out the records whose FIELD is VALUE; repeatable."""
    quality: Literal["paper"] | None
    """Keep the texts that are within the bounds of the DSIR paper."""
    quality_length: str | None
    """Keep texts with more than A and fewer than B tokens [paper: 40..500]."""
    quality_repeating: str | None
    """Keep texts whose commonest token has a share between A and B of all [paper: 0.02..0.2]."""
    quality_informative: str | None
    """Keep texts whose share of tokens but stop words and punctuation is between A and B [paper:
    0.3..0.7]."""
    quality_numeric: str | None
    """Keep texts whose share of tokens but single digits is between A and B [paper: 0.8..]."""
    shuffle: bool | None
    """Write in random order instead of input order."""
    annotate: bool | None
    """Add each record's log weight to it, as a field `log_weight`."""
    exclude: str | Sequence[str] | None
    """Leave out files of walked folders whose name, or path from the folder, is like GLOB; repeatable."""
    text_field: str | Sequence[str] | None
    """The field with the text; a dotted path reaches into objects; repeatable."""
    invalid: Literal["stop", "skip"] | None
    """What to do with an invalid record."""
    rejects: Path | None
    """Write the skipped records, and why, to FILE; implies `invalid="skip"`."""
    id_field: str | Sequence[str] | None
    """Draw by the record's id in FIELD instead of its content; a dotted path reaches into objects;
    repeatable."""
    summary: Path | None
    """Write a summary to FILE, as one JSON object."""
    threads: int | None
    """Use up to N threads [default: what the machine and its cgroup allow]."""
    temp_dir: Path | None
    """The folder for temporary data [default: $TMPDIR or /tmp]."""
    config: Path | None
    """Take options from FILE, in TOML, under their own names; what is typed wins."""


class MeasureOptions(TypedDict, total=False):
    """Options of ``dsir measure``."""

    epsilon: float | None
    """Add E to every density before its logarithm."""
    sample: str | None
    """Count N documents of the raw corpus and of each selection, if they have more."""
    seed: int | None
    """Another seed chooses another sample."""
    weights: Path | None
    """Tell the effective sample size of these weights: a folder or a file."""
    min_tokens: int | str | None
    """With `weights`, leave out records with fewer tokens."""
    temperature: float | str | Sequence[float] | None
    """With `weights`, divide log weights by T; 0 has no effective sample size."""
    ngrams: int | None
    """Count n-grams of 1 to N tokens."""
    buckets: int | str | None
    """Hash n-grams into N buckets."""
    hash: Literal["dsir1", "sha256"] | None
    """How an n-gram finds its bucket."""
    tokenizer: Literal["wordpunct", "word_tokenize", "unicode", "bytes", "ids"] | None
    """How a text is split into tokens."""
    smoothing: float | None
    """Add A to every bucket's count in the targets."""
    punkt: Path | None
    """The folder with the trained sentence model, NLTK's punkt_tab."""
    exclude: str | Sequence[str] | None
    """Leave out files of walked folders whose name, or path from the folder, is like GLOB; repeatable."""
    text_field: str | Sequence[str] | None
    """The field with the text; a dotted path reaches into objects; repeatable."""
    invalid: Literal["stop", "skip"] | None
    """What to do with an invalid record."""
    rejects: Path | None
    """Write the skipped records, and why, to FILE; implies `invalid="skip"`."""
    summary: Path | None
    """Write a summary to FILE, as one JSON object."""
    threads: int | None
    """Use up to N threads [default: what the machine and its cgroup allow]."""
    temp_dir: Path | None
    """The folder for temporary data [default: $TMPDIR or /tmp]."""
    config: Path | None
    """Take options from FILE, in TOML, under their own names; what is typed wins."""


class PrepareOptions(TypedDict, total=False):
    """Options of ``dsir prepare``."""

    chunk_words: int | None
    """Cut each text into pieces of N words, the last with what is left."""
    keep_whole: bool | None
    """Add to each piece its number `piece`, from 0, the number of `pieces`, and `piece_of`, as SHARD:LINE."""
    quality: Literal["paper"] | None
    """Keep the texts that are within the bounds of the DSIR paper."""
    quality_length: str | None
    """Keep texts with more than A and fewer than B tokens [paper: 40..500]."""
    quality_repeating: str | None
    """Keep texts whose commonest token has a share between A and B of all [paper: 0.02..0.2]."""
    quality_informative: str | None
    """Keep texts whose share of tokens but stop words and punctuation is between A and B [paper:
    0.3..0.7]."""
    quality_numeric: str | None
    """Keep texts whose share of tokens but single digits is between A and B [paper: 0.8..]."""
    quality_field: str | None
    """Write the four numbers into a field NAME of each record [default NAME: quality]."""
    punkt: Path | None
    """The folder with the trained sentence model, NLTK's punkt_tab."""
    where: str | Sequence[str] | None
    """Keep the records whose FIELD is VALUE; repeatable."""
    where_not: str | Sequence[str] | None
    """Leave out the records whose FIELD is VALUE; repeatable."""
    pack: int | None
    """Join each N records into one: their texts into one text, the values of any other field into an
    array."""
    pack_separator: str | None
    """What stands between the texts of a pack [default: one space]."""
    exclude: str | Sequence[str] | None
    """Leave out files of walked folders whose name, or path from the folder, is like GLOB; repeatable."""
    text_field: str | Sequence[str] | None
    """The field with the text; a dotted path reaches into objects; repeatable."""
    invalid: Literal["stop", "skip"] | None
    """What to do with an invalid record."""
    rejects: Path | None
    """Write the skipped records, and why, to FILE; implies `invalid="skip"`."""
    summary: Path | None
    """Write a summary to FILE, as one JSON object."""
    threads: int | None
    """Use up to N threads [default: what the machine and its cgroup allow]."""
    temp_dir: Path | None
    """The folder for temporary data [default: $TMPDIR or /tmp]."""
    config: Path | None
    """Take options from FILE, in TOML, under their own names; what is typed wins."""


class DrawOptions(TypedDict, total=False):
    """Options of ``dsir resample``."""

    method: Literal["gumbel", "topk", "random", "pareto"] | None
    """How records are drawn."""
    min_tokens: int | str | None
    """Leave out records with fewer tokens."""
    temperature: float | str | Sequence[float] | None
    """Divide log weights by T before drawing; 0 takes the largest without noise. T,T,... : one for each of
    `draws`."""
    normalize: Literal["none", "sqrt", "tokens"] | None
    """Divide log weights, which are sums over all n-grams of a document, by its length [default: none; tokens
    if the model is refined]."""
    seed: int | None
    """Another seed draws another selection."""
    proportions: str | Sequence[float] | Mapping[str, float] | None
    """The separate targets' shares: NAME=SHARE,... or SHARE,... in their order."""
    proportions_temperature: float | None
    """Between shares by the targets' tokens (1) and even ones (inf): in proportion to tokens^(1/T)."""
    combine: Literal["apart", "product"] | None
    """What separate targets do: each draws its share, or one draw by the product of all importance
    weights."""
    exponents: str | Sequence[float] | Mapping[str, float] | None
    """The powers in the product: NAME=E,... or E,... in the targets' order; a negative one draws away from a
    target."""
    group_share: str | Mapping[str, float] | None
    """The groups' shares of the budget: raw (by what there is of each), even, or NAME=SHARE,...."""
    allow_fewer: bool | None
    """Take all eligible records if they are fewer than asked for."""
    draws: int | None
    """Make E selections, one for each epoch, each with the whole budget and with noise of its own."""
    repeat: int | None
    """Let a record be selected up to M times, each time with noise of its own; budgets count every time."""
    repeat_curve: str | None
    """Draw by rank: at percentile P of the eligible tokens, ordered by log weight or score, expect a record C
    times."""
    disjoint: bool | None
    """With `draws`, select no record again before all eligible records were selected."""
    config: Path | None
    """Take options from FILE, in TOML, under their own names; what is typed wins."""
