//! Processors: a thread runs where it is bound, by itself or from outside.

use std::{sync::mpsc, thread};

use benches::{
    clock::named,
    pin::{pin_named, pinned, processors},
};

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
    while named("bound-bee").unwrap().is_empty() {
        thread::yield_now();
    }
    pin_named("bound-bee", &[last]).unwrap();
    ask.send(()).unwrap();
    assert_eq!(thread.join().unwrap(), [last]);
}
