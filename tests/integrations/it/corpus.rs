//! The fuzzer's corpus of messages, replayed.

use std::path::Path;

use crate::messages::check;

#[test]
fn messages_of_the_fuzzers_corpus_are_sound() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/propagation");
    let mut messages = 0;
    for file in std::fs::read_dir(&corpus).expect("the corpus is committed") {
        check(&std::fs::read(file.unwrap().path()).unwrap());
        messages += 1;
    }
    println!("corpus: {messages} messages");
    assert!(messages >= 20, "the corpus is not whole: {messages}");
}
