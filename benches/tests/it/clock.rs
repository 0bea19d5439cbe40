//! Times and processors: what a busy thread uses is counted for it, under its name, on its processor.

use std::{hint::black_box, sync::mpsc, thread, time::Duration};

use benches::{
    clock::{Stopwatch, named_time, process_time, thread_time},
    pin::{pin_named, pinned, processors},
};

const BUSY: Duration = Duration::from_millis(20);

fn be_busy() {
    let start = thread_time();
    while thread_time() - start < BUSY {
        black_box(0);
    }
}

#[test]
fn a_busy_thread_is_charged_by_name_and_to_the_process() {
    let before = process_time();
    assert_eq!(named_time("nobody-is-this").unwrap(), Duration::ZERO);
    let (done, is_done) = mpsc::channel();
    let (leave, may_leave) = mpsc::channel::<()>();
    let work = move || {
        be_busy();
        done.send(()).unwrap();
        let _ = may_leave.recv();
    };
    let thread = thread::Builder::new().name("busy-bee".into()).spawn(work).unwrap();
    is_done.recv().unwrap();
    let (named, other) = (named_time("busy-bee").unwrap(), named_time("busy").unwrap());
    drop(leave);
    thread.join().unwrap();
    // The kernel books a running thread's time a tick late.
    assert!(named >= BUSY / 2, "{named:?}");
    assert_eq!(other, Duration::ZERO, "a part of a name is another name");
    assert!(process_time() - before >= BUSY);
}

#[test]
fn a_stopwatch_counts_work_and_sleep() {
    let watch = Stopwatch::start();
    be_busy();
    let busy = watch.elapsed();
    thread::sleep(BUSY);
    let slept = watch.elapsed() - busy;
    assert!(busy >= BUSY / 2 && slept >= BUSY / 2, "{busy:?}, {slept:?}");
}

#[test]
fn a_pinned_thread_has_one_processor_and_hands_on_what_it_found() {
    let all = processors().unwrap();
    let last = *all.last().unwrap();
    assert_eq!(pinned(last, processors).unwrap(), [last]);
    assert_eq!(processors().unwrap(), all, "the caller stays free");
    let error = pinned::<()>(last, || panic!("index 9 of 3")).unwrap_err();
    assert_eq!(error.to_string(), "panicked: index 9 of 3");
    assert!(pinned(1 << 9, || Ok(())).is_err(), "there is no such processor");
}

#[test]
fn a_named_thread_is_bound_from_outside() {
    let last = *processors().unwrap().last().unwrap();
    let (ask, asked) = mpsc::channel::<()>();
    let work = move || {
        asked.recv().unwrap();
        processors().unwrap()
    };
    let thread = thread::Builder::new().name("bound-bee".into()).spawn(work).unwrap();
    // The new thread names itself before it waits; until then nobody has the name.
    while benches::clock::named("bound-bee").unwrap().is_empty() {
        thread::yield_now();
    }
    pin_named("bound-bee", &[last]).unwrap();
    ask.send(()).unwrap();
    assert_eq!(thread.join().unwrap(), [last]);
}

#[test]
fn what_this_process_works_is_work_of_the_machine() {
    let (work, own) = (benches::clock::work_time().unwrap(), benches::clock::process_time());
    while benches::clock::process_time() - own < Duration::from_millis(100) {
        std::hint::spin_loop();
    }
    // Ticks are coarse, and each processor rounds for itself.
    let grown = benches::clock::work_time().unwrap() - work;
    assert!(grown >= Duration::from_millis(50), "the machine worked {grown:?} only");
}
