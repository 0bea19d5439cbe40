//! Rewinds beside commits of other threads: each commit lies wholly before one or behind it.

use std::thread;

use mmsb::{Builder, Bus, Epoch, Error, PageId, Rewound, diff};

/// Moves between two pages, so often: their sum is 1000 in every state.
fn move_often(bus: &Bus, pages: [PageId; 2], times: u64) {
    let mut moved = 0;
    while moved < times {
        let mut tx = bus.begin();
        let done = [[0, 1], [1, 0]].into_iter().try_for_each(|[from, to]| {
            let (old, other): (u64, u64) = (tx.get(pages[from], 0)?, tx.get(pages[to], 0)?);
            tx.put(pages[from], 0, &(old - old / 3))?;
            tx.put(pages[to], 0, &(other + old / 3))
        });
        match done.and_then(|()| tx.commit()) {
            Ok(_) => moved += 1,
            Err(Error::Conflict { .. }) => thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    }
}

/// Threads commit while another rewinds: what a rewind makes is the target, whole.
#[track_caller]
fn commits_lie_before_or_behind(builder: Builder) {
    const TIMES: u64 = 600;
    let bus = builder.in_memory().unwrap();
    let pages = [(); 4].map(|()| bus.create_page(None, 64).unwrap());
    let pairs = [[pages[0], pages[1]], [pages[2], pages[3]]];
    pairs.iter().for_each(|pair| _ = bus.put(pair[0], 0, &1000_u64).unwrap());
    let oldest = bus.epoch();
    let rewound: Vec<Rewound> = thread::scope(|scope| {
        let bus = &bus;
        let threads = pairs.map(|pair| scope.spawn(move || move_often(bus, pair, TIMES)));
        let mut rewound = Vec::new();
        while rewound.len() < 60 && !threads.iter().all(|thread| thread.is_finished()) {
            let back = rewound.len() as u64 * 7 % 60;
            let target = bus.epoch().get().saturating_sub(back).max(oldest.get());
            rewound.push(bus.rewind(Epoch::new(target)).unwrap());
        }
        rewound
    });
    println!("{} rewinds", rewound.len());
    assert_eq!(bus.epoch().get(), oldest.get() + 2 * TIMES + rewound.len() as u64, "epochs are dense");
    for rewound in rewound {
        let [made, then] = [rewound.epoch, rewound.target].map(|epoch| bus.at(epoch).unwrap());
        assert!(diff(&made, &then).unwrap().is_empty(), "{rewound:?}");
        for pair in pairs {
            let sum: u64 = pair.iter().map(|&page| made.get::<u64>(page, 0).unwrap()).sum();
            assert_eq!(sum, 1000, "{rewound:?}");
        }
    }
    assert_eq!(bus.check(), []);
}

#[test]
fn a_commit_of_another_thread_lies_before_a_rewind_or_behind_it() {
    commits_lie_before_or_behind(Bus::builder());
    commits_lie_before_or_behind(Bus::builder().undo(0, 0));
    commits_lie_before_or_behind(Bus::builder().undo(16, 2000));
}
