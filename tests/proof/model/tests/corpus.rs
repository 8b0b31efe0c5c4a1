//! Runs the programs that the fuzzer kept, as an ordinary test.

use std::path::Path;

use context_vars_model::{Program, hush_expected_panics, run};

#[test]
fn programs_of_the_fuzzers_corpus_do_what_the_model_says() {
    hush_expected_panics();
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus/contexts");
    let files = std::fs::read_dir(&corpus).expect("the corpus is committed");
    let (mut programs, mut steps) = (0, 0);
    for file in files {
        let path = file.expect("a file of the corpus").path();
        let bytes = std::fs::read(&path).expect("a file of the corpus");
        println!("{}", path.display());
        steps += run(&Program::decode(&bytes));
        programs += 1;
    }
    println!("corpus: {programs} programs, {steps} steps, 0 differences");
    assert!(programs >= 100, "the corpus is not whole: {programs}");
}
