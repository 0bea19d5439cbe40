//! Which lines run, and where their figures go.

use benches::{BarKind, Op, Options, Record, registered};

use super::{all, bar, line, report, sevens};

#[test]
fn only_takes_names_and_numbers_and_refuses_the_unknown() {
    let replay = line("replay", Some(1), |_| bar(BarKind::Must, Op::AtLeast, 1.0));
    let diff = line("diff", None, |_| bar(BarKind::Must, Op::AtLeast, 1.0));
    let names = |only: &[&str]| {
        let options =
            Options { only: only.iter().map(|word| word.to_string()).collect(), ..Options::default() };
        let chosen = options.select(&[&replay, &diff]).map_err(|error| error.to_string())?;
        Ok::<_, String>(chosen.iter().map(|line| line.name).collect::<Vec<_>>())
    };
    assert_eq!(names(&[]).unwrap(), ["replay"], "without a word those with a number run");
    assert_eq!(names(&["1"]).unwrap(), ["replay"]);
    assert_eq!(names(&["diff", "replay"]).unwrap(), ["replay", "diff"]);
    assert_eq!(names(&["diff", "dif"]).unwrap_err(), "no line is called `dif`; there are replay (1), diff");
}

#[test]
fn all_and_list_take_every_line() {
    let diff = line("diff", None, |_| bar(BarKind::Must, Op::AtLeast, 1.0));
    let list = Options { list: true, ..Options::default() };
    assert_eq!(all().select(&[&diff]).unwrap().len(), 1);
    assert_eq!(report(&diff, &list).1, "    diff         how fast?");
}

#[test]
fn a_fault_is_one_that_a_chosen_line_knows() {
    let replay = line("replay", Some(1), |context| {
        bar(BarKind::Must, Op::AtLeast, if context.has_fault("rust") { 8.0 } else { 1.0 })
    });
    let broken = |fault: &str| Options { fault: Some(fault.to_owned()), ..Options::default() };
    assert!(!report(&replay, &broken("rust")).0 && report(&replay, &Options::default()).0);
    let refusal = broken("moss").check_fault(&[&replay]).unwrap_err().to_string();
    assert_eq!(refusal, "no chosen line can be broken by `moss`, but by rust");
}

#[test]
fn json_reads_back_and_holds_every_figure() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.json");
    let options = Options { json: Some(path.clone()), ..Options::default() };
    report(&line("fake", Some(4), |_| bar(BarKind::Must, Op::AtLeast, 8.0)), &options);
    let record = Record::read(&path).unwrap();
    let fake = &record.lines[0];
    assert_eq!((fake.name.as_str(), fake.number, fake.passed), ("fake", Some(4), false));
    assert_eq!((fake.figures[0].name.as_str(), fake.figures[0].sample), ("speed", sevens()));
    assert!(record.machine.rustc.starts_with("rustc ") && record.machine.cores > 0, "{:?}", record.machine);
    record.write(&path).unwrap();
    assert_eq!(Record::read(&path).unwrap(), record);
}

#[test]
fn every_file_under_lines_submits_one_line() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lines");
    let files = std::fs::read_dir(folder).unwrap();
    // A folder holds the rows of a line that has many.
    let files = files.map(|file| file.unwrap().path()).filter(|path| path.is_file());
    let mut files: Vec<String> = files.map(|path| path.file_stem().unwrap().display().to_string()).collect();
    let mut names: Vec<&str> = registered().iter().map(|line| line.name).collect();
    files.sort();
    names.sort_unstable();
    assert_eq!(names, files);
}
