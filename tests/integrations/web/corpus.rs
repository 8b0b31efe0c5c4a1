//! The fuzzer's corpus of requests, replayed.

use std::path::Path;

use crate::requests::check;

#[test]
fn requests_of_the_fuzzers_corpus_get_what_they_should() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/requests");
    let mut requests = 0;
    for file in std::fs::read_dir(&corpus).expect("the corpus is committed") {
        check(&std::fs::read(file.unwrap().path()).unwrap());
        requests += 1;
    }
    println!("corpus: {requests} requests");
    assert!(requests >= 15, "the corpus is not whole: {requests}");
}
