//! Runs of two threads: only those count that verifiably were at once.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use benches::{
    clock::thread_time,
    pin::processors,
    together::{NotAtOnce, Part, Together},
};

const MS: Duration = Duration::from_millis(1);

/// Two parts of 100 ms, at once, each on a processor of its own.
fn sound() -> Together {
    let start = Instant::now();
    let part = |processor| {
        let processors = [processor; 3];
        Part { start, end: start + 100 * MS, busy: 95 * MS, queued: MS, processors }
    };
    Together { parts: vec![part(0), part(1)], steal: Duration::ZERO }
}

#[track_caller]
fn refused(spoil: impl Fn(&mut Together), expect: &str) {
    let mut together = sound();
    spoil(&mut together);
    assert_eq!(together.verify().unwrap_err().to_string(), expect);
}

#[test]
fn what_was_not_at_once_does_not_count() {
    sound().verify().unwrap();
    refused(|run| run.parts[1].processors = [0; 3], "two threads were on processor 0");
    refused(|run| run.parts[1].processors[2] = 0, "a thread for processor 1 was on 1 and 0");
    refused(|run| run.parts[0].processors[1] = 1, "a thread for processor 0 was on 1 and 0");
    refused(|run| run.parts[0].queued = 50 * MS, "a thread waited 0.50 of its time for processor 0");
    refused(|run| run.steal = 40 * MS, "other machines took 0.20 of the time");
    let late = |run: &mut Together| {
        run.parts[1].start += 100 * MS;
        run.parts[1].end += 100 * MS;
    };
    refused(late, "all were at work for only 0.00 of the time");
    refused(|run| run.parts[1].end += 100 * MS, "all were at work for only 0.50 of the time");
}

#[test]
fn runs_are_made_again_until_one_counts_and_given_up_after_eleven() {
    let mut count = 0;
    let (run, value, discarded) = Together::verified(|| {
        count += 1;
        let mut run = sound();
        run.steal = if count < 4 { 40 * MS } else { Duration::ZERO };
        Ok((run, count))
    })
    .unwrap();
    assert_eq!((value, discarded, run.wall()), (4, 3, 100 * MS));
    let mut count = 0;
    let never = Together::verified(|| {
        count += 1;
        Ok((Together { steal: 40 * MS, ..sound() }, ()))
    });
    let error = never.unwrap_err().downcast::<NotAtOnce>().unwrap();
    assert_eq!(
        error.to_string(),
        "no run on several processors counts: other machines took 0.20 of the time"
    );
    assert_eq!(count, 11);
    let wrong = Together::verified::<()>(|| anyhow::bail!("page 3 differs")).unwrap_err();
    assert!(!wrong.is::<NotAtOnce>(), "a wrong page is no matter of processors");
}

#[test]
fn both_threads_work_each_on_its_processor() {
    let Some(&pair) = processors().unwrap().first_chunk::<2>() else {
        println!("one processor: nothing runs at once here");
        return;
    };
    let ran = [const { AtomicUsize::new(0) }; 2];
    let together = Together::run(&pair, |index| {
        ran[index].fetch_add(1, Ordering::Relaxed);
        let start = thread_time();
        while thread_time() - start < MS {}
        Ok(())
    })
    .unwrap();
    assert_eq!(ran.map(AtomicUsize::into_inner), [1, 1]);
    let (a, b) = (&together.parts[0], &together.parts[1]);
    assert!(a.busy >= MS && b.busy >= MS && together.wall() >= MS, "{together:?}");
    assert_eq!([a.processors, b.processors], [[pair[0]; 3], [pair[1]; 3]]);
}

#[test]
fn an_error_or_a_panic_of_one_thread_is_the_runs() {
    let Some(&pair) = processors().unwrap().first_chunk::<2>() else { return };
    let error = Together::run(&pair, |index| if index == 1 { anyhow::bail!("wrong") } else { Ok(()) });
    assert_eq!(error.unwrap_err().to_string(), "wrong");
    let error = Together::run(&pair, |index| if index == 0 { panic!("no") } else { Ok(()) });
    assert_eq!(error.unwrap_err().to_string(), "panicked: no");
}
