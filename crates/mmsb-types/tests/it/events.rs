//! Page events: golden bytes, round trips, and every damaged section refused.

use insta::assert_snapshot;
use mmsb_types::{PageEvent, PageId, PageLocation};
use proptest::prelude::*;

fn encode(events: &[PageEvent]) -> Vec<u8> {
    let mut bytes = Vec::new();
    events.iter().for_each(|event| event.encode(&mut bytes));
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.chunks(8).map(|word| word.iter().map(|b| format!("{b:02x}")).collect::<String>() + "\n").collect()
}

fn one_of_each() -> Vec<PageEvent> {
    let page = PageId::new(0x0102);
    vec![
        PageEvent::Created {
            page,
            page_bytes: 4096,
            location: PageLocation::Host,
            name: Some("world".into()),
        },
        PageEvent::Named { page, name: Some("earth".into()) },
        PageEvent::Named { page, name: None },
        PageEvent::Deleted { page },
    ]
}

#[test]
fn golden_bytes() {
    assert_snapshot!(hex(&encode(&one_of_each())), @"
    0100050000100000
    0201000000000000
    776f726c64000000
    0300050000000000
    0201000000000000
    6561727468000000
    0400000000000000
    0201000000000000
    0200000000000000
    0201000000000000
    ");
}

#[test]
fn every_truncation_is_refused_or_a_whole_prefix() {
    let bytes = encode(&one_of_each());
    for len in 0..bytes.len() {
        match PageEvent::decode_all(&bytes[..len]) {
            Ok(events) => assert_eq!(encode(&events), &bytes[..len]),
            Err(error) => assert!(error.offset <= len),
        }
    }
}

#[test]
fn a_name_that_is_not_utf8_is_refused() {
    let mut bytes = encode(&one_of_each());
    bytes[16] = 0xff;
    let error = PageEvent::decode_all(&bytes).unwrap_err();
    assert_eq!(error.to_string(), "page event at section offset 0: name is not UTF-8");
}

proptest! {
    #[test]
    fn what_is_written_is_read(id in 1u64..=mmsb_types::limits::PAGE_ID_MAX, page_bytes in 1u32..=1 << 24, name in "[a-z]{0,40}") {
        let name = (!name.is_empty()).then_some(name);
        let page = PageId::new(id);
        let events = vec![
            PageEvent::Created { page, page_bytes, location: PageLocation::Auto, name: name.clone() },
            PageEvent::Named { page, name },
            PageEvent::Deleted { page },
        ];
        prop_assert_eq!(PageEvent::decode_all(&encode(&events)).unwrap(), events);
    }

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(events) = PageEvent::decode_all(&bytes) {
            prop_assert_eq!(encode(&events), bytes);
        }
    }
}
