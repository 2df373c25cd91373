use crate::harness::{Dir, document, record};

#[test]
fn partial_models_merge_into_the_whole_one() {
    let dir = Dir::with_corpus();
    dir.write("rest.jsonl", (40..55).map(document).collect::<String>());
    dir.run("fit --target target.jsonl -o whole.json raw.jsonl rest.jsonl").ok();
    dir.run("fit --target target.jsonl -o target.json").ok();
    dir.run("fit -o raw.json raw.jsonl").ok();
    dir.run("fit -o rest.json rest.jsonl").ok();
    dir.run("merge target.json raw.json rest.json target.json -o merged.json").ok();
    let mut merged = dir.json("merged.json");
    // But that it tells what it was merged from.
    assert_eq!(merged["raw"].as_object_mut().unwrap().remove("merged").unwrap().as_array().unwrap().len(), 2);
    assert_eq!(merged, dir.json("whole.json"));
    dir.run("merge raw.json target.json ./raw.json -o twice.json").misused(&["given twice", "added twice"]);
    dir.run("merge raw.json target.json -o raw.json").fails(&["output raw.json is also an input"]);
}

#[test]
fn a_target_keeps_the_name_it_was_given() {
    let dir = Dir::with_corpus();
    dir.write("other.jsonl", record("another sea"));
    dir.run("fit --target sea=target.jsonl -o a.json").ok();
    dir.run("fit --target other=other.jsonl -o b.json").ok();
    dir.run("merge a.json b.json -o both.json").ok();
    dir.run("fit --separate-targets --target sea=target.jsonl --target other=other.jsonl -o apart.json").ok();
    assert_eq!(dir.json("both.json"), dir.json("apart.json"));
}

#[test]
fn a_target_that_differs_merges_only_when_told_to() {
    let dir = Dir::with_corpus();
    dir.write("other.jsonl", record("another sea"));
    dir.run("fit --target target.jsonl -o a.json").ok();
    dir.run("fit --target other.jsonl -o b.json").ok();
    dir.run("merge a.json b.json -o c.json").fails(&["target `target` differs", "--add-targets"]);
    dir.run("merge a.json b.json -o c.json --add-targets").ok();
    dir.run("fit --target target.jsonl --target other.jsonl -o both.json").ok();
    assert_eq!(dir.json("c.json"), dir.json("both.json"));
}

#[test]
fn models_of_different_options_do_not_merge() {
    let dir = Dir::with_corpus();
    dir.run("fit --target target.jsonl -o a.json").ok();
    dir.run("fit --ngrams 3 -o b.json raw.jsonl").ok();
    dir.run("fit --smoothing 1 -o c.json raw.jsonl").ok();
    dir.run("merge a.json b.json -o m.json").fails(&["different feature spaces", "1 to 2", "1 to 3"]);
    dir.run("merge a.json c.json -o m.json").fails(&["--smoothing"]);
}

#[test]
fn weights_are_numpys_with_one_row_for_each_record() {
    let dir = Dir::with_corpus();
    dir.write("raw.jsonl", "\n{\"text\": \"tide and sea\"}\r\n  \nbad\n{\"text\": \"\"}");
    dir.run("fit --target target.jsonl --invalid skip -o model.json raw.jsonl").ok();
    dir.run("weigh --model model.json --invalid skip -o weights raw.jsonl").ok();
    let bytes = std::fs::read(dir.path("weights/raw.jsonl.npy")).unwrap();
    let header_len = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(&bytes[10..header_len]).unwrap();
    assert_eq!(
        header.trim_end(),
        "{'descr': [('log_weight', '<f8'), ('record', '<u8'), ('tokens', '<u4'), ('bytes', '<u4')], \
         'fortran_order': False, 'shape': (3,), }"
    );
    let rows: Vec<_> = bytes[header_len..]
        .chunks(24)
        .map(|row| {
            let log_weight = f64::from_le_bytes(row[..8].try_into().unwrap());
            let tokens = u32::from_le_bytes(row[16..20].try_into().unwrap());
            let bytes = u32::from_le_bytes(row[20..].try_into().unwrap());
            (log_weight, tokens, bytes)
        })
        .collect();
    assert_eq!(rows[0].1, 3);
    assert_eq!(rows[0].2, 25, "the line without its end, and a newline");
    assert_eq!(rows[1], (f64::NEG_INFINITY, 0, 4), "skipped as invalid");
    assert_eq!(rows[2], (0.0, 0, 13), "no token, so nothing to add up");
}

#[test]
fn a_weights_folder_takes_one_model() {
    let dir = Dir::with_corpus();
    dir.run("fit --target target.jsonl -o a.json raw.jsonl").ok();
    dir.run("fit --target target.jsonl --smoothing 1 -o b.json raw.jsonl").ok();
    dir.run("weigh --model a.json -o weights raw.jsonl").ok();
    dir.run("weigh --model a.json -o weights raw.jsonl").ok();
    dir.run("weigh --model b.json -o weights raw.jsonl").fails(&["weights of another model"]);
}

#[test]
fn weights_of_ones_own_need_only_log_weights() {
    let dir = Dir::with_corpus();
    let header = "{'descr': [('log_weight', '<f8')], 'fortran_order': False, 'shape': (40,), }";
    let header = format!("{header}{}\n", " ".repeat(117 - header.len()));
    let mut npy = [b"\x93NUMPY\x01\x00", &118u16.to_le_bytes()[..], header.as_bytes()].concat();
    (0..40).for_each(|i| npy.extend(f64::from(i).to_le_bytes()));
    dir.write("own.npy", npy);
    let command = "resample --weights own.npy --temperature 0 raw.jsonl --min-tokens";
    assert_eq!(dir.run(&format!("{command} 1 -k 2")).ok(), document(38) + &document(39));
    // Their tokens are counted: the documents about the sea have nine, the others ten.
    assert_eq!(dir.run(&format!("{command} 10 --tokens 25")).ok(), document(38) + &document(39));
    assert_eq!(dir.run(&format!("{command} 10 -k 3")).ok(), document(37) + &document(38) + &document(39));
}

#[test]
fn inspect_looks_at_the_first_records_of_shards() {
    let dir = Dir::new();
    dir.write(
        "raw/a.jsonl",
        "{\"id\": 1, \"content\": \"the sea\"}\n{\"id\": null, \"content\": \"\\u001bморе\"}\n",
    );
    dir.write("raw/b.csv", "content,lang\nthe tide,en\n");
    let told = dir.run("inspect raw").ok();
    for part in [
        "shards         2, ",
        "looked at      the first 3 records",
        "fields         content  string 3  the sea\n",
        "               id       integer 1, null 1  1\n",
        "most likely `content`: 7 characters, a tenth up to 5, a tenth from 8",
        "script         Latin 76%, Cyrillic 24%",
        "takes --text-field 'content'",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    dir.write("notes.txt", "no shard\n");
    dir.run("inspect notes.txt").fails(&["notes.txt:1: ", "none of the first records is an object"]);
    dir.write("broken.json", "{\"dsir_model\": ");
    dir.run("inspect broken.json").fails(&["broken.json: not a dsir model"]);
}

#[test]
fn inspect_says_in_words_what_is_there() {
    let dir = Dir::with_corpus();
    dir.run("fit --target target.jsonl --fit-tokens 300 -o model.json raw.jsonl").ok();
    dir.run("weigh --model model.json -o weights raw.jsonl").ok();
    let model = dir.run("inspect model.json").ok();
    for part in [
        "wordpunct",
        "10000 buckets",
        "dsir1",
        "40 documents read",
        "a sample of",
        "target: 2 documents, 16 tokens",
    ] {
        assert!(model.contains(part), "no {part:?} in\n{model}");
    }
    for path in ["weights", "weights/raw.jsonl.npy"] {
        let weights = dir.run(&format!("inspect --min-tokens 10 {path}")).ok();
        for part in ["40 records", "30 records", "10 too short", "effective sample size"] {
            assert!(weights.contains(part), "no {part:?} in\n{weights}");
        }
    }
}

#[test]
fn inspect_tells_the_quantiles_of_each_shard_and_the_n_grams_of_a_sample() {
    let dir = Dir::with_corpus();
    let raw = dir.read("raw.jsonl");
    let sea: String = (0..40).step_by(4).map(document).collect();
    dir.write("two/all.jsonl", &raw);
    dir.write("two/sea.jsonl", &sea);
    dir.run("fit -q --target target.jsonl -o model.json two").ok();
    dir.run("weigh -q --model model.json -o weights two").ok();
    let told = dir.run("inspect --min-tokens 1 weights").ok();
    let table = told.split("quantiles of log weights, by shard\n\n").nth(1).unwrap();
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["eligible", "5%", "25%", "median", "75%", "95%"]);
    assert_eq!((&rows[1][..2], &rows[2][..2]), (&["all.jsonl", "40"][..], &["sea.jsonl", "10"][..]));
    // All documents about the sea have one weight but for their number, and no other has a larger one.
    let number = |row: usize, place: usize| rows[row][place].parse::<f64>().unwrap();
    assert!(number(2, 2) > number(1, 4) && number(1, 6) <= number(2, 6), "{told}");

    let told = dir.run("inspect model.json --sample two/sea.jsonl").ok();
    assert!(told.contains("sample         10 documents\n"), "{told}");
    let raised = told.split("raise the mean log weight most").nth(1).unwrap();
    let raised = raised.split("n-grams that lower").next().unwrap();
    assert!(raised.contains("10×  sea\n") || raised.contains("10×  the sea\n"), "{told}");
    for path in ["two", "weights"] {
        dir.run(&format!("inspect {path} --sample two/sea.jsonl")).misused(&["--sample is for a model"]);
    }
    dir.run("resample -q --weights weights --min-tokens 1 -k 9 -o o.jsonl --summary s.json two").ok();
    dir.run("inspect s.json").misused(&["this is a summary of dsir"]);
    dir.run("inspect model.json --sample model.json").fails(&["model.json"]);
}
