//! Who changed what, and when: a small economy keeps its books in a bus, and a bug hides in them.
//!
//! `cargo run --release -p mmsb --example history`

use mmsb::{Bus, Error, PageId, diff};

/// Moves coins between two accounts, in one commit.
fn pay(bus: &Bus, day: u64, who: &str, from: PageId, to: PageId, coins: u64) -> Result<(), Error> {
    let mut tx = bus.begin().label(day).tag(who);
    let (payer, payee): (u64, u64) = (tx.get(from, 0)?, tx.get(to, 0)?);
    tx.put(from, 0, &(payer - coins))?;
    tx.put(to, 0, &(payee + coins))?;
    tx.commit().map(drop)
}

fn total(day: &mmsb::Past, accounts: &[PageId]) -> Result<u64, Error> {
    accounts.iter().map(|&account| day.get::<u64>(account, 0)).sum()
}

pub(crate) fn main() -> Result<(), Error> {
    let bus = Bus::builder().sites(true).in_memory()?;
    let accounts = ["miller", "smith", "taxes"].map(|name| bus.create_page(name, 8));
    let [miller, smith, taxes] = accounts.map(|page| page.expect("a page"));
    let accounts = [miller, smith, taxes];
    let mut tx = bus.begin().label(0).tag("foundation");
    accounts.iter().try_for_each(|&account| tx.put(account, 0, &1_000u64))?;
    tx.commit()?;

    for day in 1..=30 {
        pay(&bus, day, "market", miller, smith, 40 + day % 7)?;
        pay(&bus, day, "market", smith, miller, 35 + day % 5)?;
        if day % 10 == 0 {
            pay(&bus, day, "tax office", smith, taxes, 25)?;
        }
        if day == 17 {
            // The bug: somebody writes to one page only.
            let coins: u64 = bus.get(taxes, 0)?;
            let mut tx = bus.begin().label(day).tag("night shift");
            tx.put(taxes, 0, &(coins - 99))?;
            tx.commit()?;
        }
    }

    // Coins are missing. The first day they are missing is found in the past, by halving.
    let (mut good, mut bad) = (0, 30);
    while bad - good > 1 {
        let day = (good + bad) / 2;
        let whole = total(&bus.at_label(day)?, &accounts)? == 3_000;
        (good, bad) = if whole { (day, bad) } else { (good, day) };
    }
    let (before, after) = (bus.at_label(good)?, bus.at_label(bad)?);
    println!("coins are missing since day {bad}; what that day changed:\n{}\n", diff(&before, &after)?);

    // Whose commit it was: the account that nobody else touched that day tells.
    println!("the tax account, newest first:");
    let mut guilty = None;
    for change in bus.history(taxes)? {
        let change = change?;
        println!("  {change}");
        if change.label == Some(bad.into()) {
            guilty = change.source.tag.clone();
        }
    }
    println!("\nit was the {}", guilty.as_deref().unwrap_or("nobody"));
    assert_eq!((bad, guilty.as_deref()), (17, Some("night shift")));

    // The books as they should be: back to the day before, and on from there.
    let rewound = bus.rewind(before.epoch())?;
    assert_eq!(total(&bus.at(rewound.epoch)?, &accounts)?, 3_000);
    bus.stop()
}
