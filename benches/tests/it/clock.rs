//! Times: what a busy thread uses is counted for it, and under its name.

use std::{hint::black_box, sync::mpsc, thread, time::Duration};

use benches::clock::{Stopwatch, named_time, process_time, thread_time, work_time};

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
fn what_this_process_works_is_work_of_the_machine() {
    let (work, own) = (work_time().unwrap(), process_time());
    while process_time() - own < Duration::from_millis(100) {
        std::hint::spin_loop();
    }
    // Ticks are coarse, and each processor rounds for itself.
    let grown = work_time().unwrap() - work;
    assert!(grown >= Duration::from_millis(50), "the machine worked {grown:?} only");
}
