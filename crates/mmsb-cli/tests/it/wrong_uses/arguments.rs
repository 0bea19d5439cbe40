//! Arguments that make no sense.

use crate::command::mmsb;

#[test]
fn arguments_that_make_no_sense_are_refused() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let commands = [
        "",
        "unknown",
        "info",
        "at good yesterday",
        "at good label:x",
        "diff good",
        "diff good --from e1",
        "diff a b --from e1 --to e2",
        "diff a b --by time",
        "at good e1 --hex",
        "export sqlite good",
        "completions word",
    ];
    for command in commands {
        let args: Vec<&str> = command.split(' ').filter(|word| !word.is_empty()).collect();
        let ran = mmsb(dir.path(), &args);
        assert_eq!((ran.code, ran.text()), (2, ""), "{command}");
        assert!(ran.stderr.contains("Usage:") || ran.stderr.contains("--help"), "{command}: {}", ran.stderr);
    }
}
