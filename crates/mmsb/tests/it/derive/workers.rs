//! Several workers: they do compute, and what goes wrong among them is told as if one had gone from page to page.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use mmsb::{Bus, Error, Inputs, PageId};

use super::sheet::{Sheet, sum};

const PAGES: usize = 48;

/// What a page's function does once its input is not 0.
type Work = fn(u64, &Bus, &mut [u8]) -> Result<(), String>;

/// A sheet whose pages beside "source" are all computed from it, by `work`.
fn wide(count: usize, work: Work) -> (Sheet, Vec<PageId>) {
    let sheet = Sheet::built(Bus::builder().propagation_workers(count).without_patience(), &["source"]);
    let source = sheet.cell("source");
    let other = Bus::in_memory().unwrap();
    let pages: Vec<PageId> = (0..PAGES).map(|_| sheet.bus.create_page(None, 8).unwrap()).collect();
    for &page in &pages {
        let other = other.clone();
        let function = move |inputs: &Inputs<'_>, out: &mut [u8]| {
            sum(inputs, out);
            if inputs.value::<u64>(0, 0) == 0 { Ok(()) } else { work(page.get(), &other, out) }
        };
        sheet.bus.derive(page).from([source]).named("one", 1).with_fallible(function).unwrap();
    }
    (sheet, pages)
}

/// Checks that a change of the source is refused, for any number of workers with the first bad page's error.
#[track_caller]
fn refused(work: Work, expected: fn(&Error) -> Option<PageId>) {
    for count in [1, 2, 8] {
        let (sheet, pages) = wide(count, work);
        let (before, epoch) = (sheet.hash(), sheet.bus.epoch());
        for _ in 0..8 {
            let error = sheet.bus.put(sheet.cell("source"), 0, &1u64).unwrap_err();
            assert_eq!(expected(&error), Some(pages[20]), "{count} workers: {error}");
        }
        assert_eq!((sheet.hash(), sheet.bus.epoch()), (before, epoch), "nothing changed");
        sheet.put("source", 0);
        assert_eq!((sheet.bus.verify_recompute(), sheet.bus.check()), (vec![], vec![]));
    }
}

/// Tells whether the page with this number is a bad one: the 21st, and others behind it.
fn is_bad(page: u64) -> bool {
    page >= 22 && page.is_multiple_of(2)
}

#[test]
fn of_several_panics_the_first_pages_is_told() {
    let work: Work = |page, _, _| {
        assert!(!is_bad(page), "bad");
        Ok(())
    };
    refused(work, |error| match error {
        Error::RecomputePanicked { page, message } if message == "bad" => Some(*page),
        _ => None,
    });
}

#[test]
fn of_several_failures_the_first_pages_is_told() {
    let work: Work = |page, _, _| if is_bad(page) { Err("bad".into()) } else { Ok(()) };
    refused(work, |error| match error {
        Error::RecomputeFailed { page, .. } => Some(*page),
        _ => None,
    });
}

#[test]
fn a_worker_in_a_bus_is_refused_as_the_committing_thread_is() {
    let work: Work = |page, bus, _| match bus.create_page(None, 8) {
        Err(Error::Reentrant) if is_bad(page) => Err("reentrant".into()),
        Err(Error::Reentrant) => Ok(()),
        other => panic!("{other:?}"),
    };
    refused(work, |error| match error {
        Error::RecomputeFailed { page, source } if source.to_string() == "reentrant" => Some(*page),
        _ => None,
    });
}

#[cfg(debug_assertions)]
#[test]
fn of_several_impure_functions_the_first_page_is_told() {
    // The sum is there already; what the page's own poison was shows in what is left of it.
    let work: Work = |page, _, out| {
        if is_bad(page) {
            out[7] = IMPURE.with(|count| count.replace(count.get().wrapping_add(1)));
        }
        Ok(())
    };
    refused(work, |error| match error {
        Error::Impure { page, offset: 7 } => Some(*page),
        _ => None,
    });
}

thread_local! {
    static IMPURE: std::cell::Cell<u8> = const { std::cell::Cell::new(0) };
}

#[test]
fn of_several_wrong_lengths_the_first_pages_is_told() {
    for count in [1, 2, 8] {
        let (sheet, pages) = wide(count, |_, _, _| Ok(()));
        for &page in pages.iter().filter(|page| is_bad(page.get())) {
            let longer = |inputs: &Inputs<'_>| vec![0; 8 + inputs.value::<u64>(0, 0) as usize];
            sheet.bus.derive(page).from([sheet.cell("source")]).named("two", 2).returning(longer).unwrap();
        }
        for _ in 0..8 {
            let error = sheet.bus.put(sheet.cell("source"), 0, &1u64).unwrap_err();
            let Error::WrongLength { page, page_bytes: 8, got: 9 } = error else { panic!("{error}") };
            assert_eq!(page, pages[20], "{count} workers");
        }
    }
}

#[test]
fn workers_compute_at_once_and_are_the_buses_own() {
    let sheet = Sheet::built(Bus::builder().propagation_workers(2).without_patience(), &["source"]);
    let (begun, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(BTreeSet::new())));
    let deadline = Instant::now() + Duration::from_secs(30);
    for _ in 0..2 {
        let (page, begun, seen) = (sheet.bus.create_page(None, 8).unwrap(), begun.clone(), seen.clone());
        // Nobody goes on before both are at it.
        let function = move |inputs: &Inputs<'_>, out: &mut [u8]| {
            if inputs.value::<u64>(0, 0) == 5 {
                begun.fetch_add(1, SeqCst);
                while begun.load(SeqCst) < 2 {
                    assert!(Instant::now() < deadline, "nobody else came");
                    thread::yield_now();
                }
                seen.lock().unwrap().insert(thread::current().name().unwrap_or("").to_owned());
            }
            sum(inputs, out);
        };
        sheet.bus.derive(page).from([sheet.cell("source")]).with(function).unwrap();
    }
    sheet.put("source", 5);
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert!(seen.contains("mmsb-wave-0"), "{seen:?}");
}
