//! Mirrors: what is on a device is what the bus holds, whatever happens to either.

mod agreement;
mod differences;
#[cfg(feature = "gpu")]
mod lent;
mod locations;
mod losses;
mod pages;

use mmsb::{Bus, Epoch, Gpu, Mirror, MirrorVerified};

/// Whoever can keep a mirror here: the host always, a device where this build knows one and there is one.
fn gpus() -> Vec<Gpu> {
    let mut gpus = vec![Gpu::host()];
    if cfg!(feature = "gpu") {
        gpus.push(Gpu::auto());
    }
    gpus
}

/// Whether `MMSB_GPU` lets the host stand in for a device that is not there.
pub fn may_host_stand_in() -> bool {
    std::env::var_os("MMSB_GPU").is_none_or(|wanted| wanted != "require")
}

/// Waits for the bus's newest state and holds the mirror against it, by its own word and page by page.
#[track_caller]
fn check(bus: &Bus, mirror: &Mirror) -> MirrorVerified {
    let at = mirror.wait(bus.epoch()).unwrap();
    assert_eq!(at, bus.epoch());
    let verified = mirror.verify().unwrap();
    assert!(verified.is_equal(), "{verified}");
    let view = bus.snapshot();
    for info in view.pages().unwrap() {
        let page = mirror.page(info.page).unwrap();
        assert_eq!(page.epoch, bus.epoch());
        view.with_page(info.page, |bytes| assert_eq!(page.bytes, bytes, "{}", info.page)).unwrap();
    }
    verified
}

#[test]
fn waiting_is_for_what_was_committed_and_not_for_ever() {
    let bus = Bus::in_memory().unwrap();
    let mirror = bus.mirror(mmsb::PageFilter::all()).on(Gpu::host()).start().unwrap();
    assert_eq!(mirror.wait(Epoch::ZERO).unwrap(), Epoch::ZERO);
    let soon = std::time::Duration::from_millis(1);
    assert_eq!(mirror.wait_timeout(Epoch::new(1), soon).unwrap(), None);
    let page = bus.create_page(None, 8).unwrap();
    assert_eq!(mirror.wait(Epoch::new(1)).unwrap(), Epoch::new(1));
    bus.put(page, 0, &7u64).unwrap();
    bus.stop().unwrap();
    assert_eq!(mirror.wait(Epoch::new(2)).unwrap(), Epoch::new(2), "what was committed before the end");
    assert!(matches!(mirror.wait(Epoch::new(3)), Err(mmsb::Error::Stopped)));
    assert_eq!(mirror.page(page).unwrap().bytes[0], 7, "it shows the last state");
}
