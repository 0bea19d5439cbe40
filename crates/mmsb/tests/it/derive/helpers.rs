//! The functions that need not be written.

use mmsb::{Bus, Derivation, Derived, Error};

/// Makes a page of the inputs' bytes, and returns its own once they are there: at birth, and after a change of each.
#[track_caller]
fn check(
    inputs: &[&[u8]],
    page_bytes: usize,
    derive: impl FnOnce(Derivation<'_>) -> Result<Derived, Error>,
) -> Result<(String, Vec<u8>), Error> {
    let bus = Bus::in_memory()?;
    let page = bus.create_page(None, page_bytes)?;
    let pages: Vec<_> = inputs.iter().map(|bytes| bus.create_page(None, bytes.len()).unwrap()).collect();
    derive(bus.derive(page).from(pages.iter().copied()))?;
    for (&page, bytes) in pages.iter().zip(inputs) {
        bus.capture(page, bytes)?;
        assert_eq!((bus.verify_recompute(), bus.check_purity().is_ok()), (vec![], true));
    }
    let graph = bus.graph()?;
    let registration = graph.registration(page).expect("derived");
    let name = format!("{} {}", registration.name, registration.version);
    Ok((name, bus.with_page(page, <[u8]>::to_vec)?))
}

#[test]
fn numbers_are_joined_place_by_place() {
    let (a, b): (&[u8], &[u8]) = (&[250, 1, 0, 2], &[10, 255, 7, 1]);
    let is = |name: &str, bytes: [u8; 4]| (name.to_owned(), bytes.to_vec());
    assert_eq!(check(&[a, b], 4, |page| page.add::<u8>()).unwrap(), is("mmsb/add/u8 1", [4, 0, 7, 3]));
    assert_eq!(check(&[a, b], 4, |page| page.add::<u16>()).unwrap(), is("mmsb/add/u16 1", [4, 1, 7, 3]));
    assert_eq!(check(&[a, b], 4, |page| page.min::<u8>()).unwrap(), is("mmsb/min/u8 1", [10, 1, 0, 1]));
    assert_eq!(check(&[a, b], 4, |page| page.max::<u16>()).unwrap(), is("mmsb/max/u16 1", [10, 255, 0, 2]));
    assert_eq!(check(&[a, b], 4, |page| page.min::<u32>()).unwrap(), is("mmsb/min/u32 1", [10, 255, 7, 1]));
    assert_eq!(check(&[a, b, a], 4, |page| page.xor()).unwrap(), is("mmsb/xor/u8 1", [10, 255, 7, 1]));
    let subtract = |derivation: Derivation<'_>| derivation.elementwise(u8::wrapping_sub);
    assert_eq!(check(&[a, b], 4, subtract).unwrap(), is(" 0", [240, 2, 249, 1]));
}

#[test]
fn bytes_are_copied_joined_and_hashed() {
    let (a, b): (&[u8], &[u8]) = (b"ab", b"cde");
    assert_eq!(
        check(&[b], 3, |page| page.passthrough()).unwrap(),
        ("mmsb/passthrough 1".into(), b"cde".into())
    );
    assert_eq!(
        check(&[a, b, a], 7, |page| page.concat()).unwrap(),
        ("mmsb/concat 1".into(), b"abcdeab".into())
    );
    let (name, hash) = check(&[a, b], 32, |page| page.blake3()).unwrap();
    let expected = blake3::hash(b"\x02\0\0\0\0\0\0\0ab\x03\0\0\0\0\0\0\0cde");
    assert_eq!((name.as_str(), hash.as_slice()), ("mmsb/blake3 1", expected.as_bytes().as_slice()));
}

#[test]
fn numbers_are_reduced_to_one() {
    let sum = |derivation: Derivation<'_>| derivation.named("sum", 3).reduce(5u16, u16::wrapping_add);
    assert_eq!(check(&[&[1, 0, 2, 0], &[0, 1]], 2, sum).unwrap(), ("sum 3".into(), vec![8, 1]));
}

#[test]
fn lengths_that_do_not_fit_are_refused() {
    #[track_caller]
    fn refused(
        inputs: &[&[u8]],
        page_bytes: usize,
        derive: impl FnOnce(Derivation<'_>) -> Result<Derived, Error>,
        made: usize,
    ) {
        match check(inputs, page_bytes, derive) {
            Err(Error::WrongLength { page_bytes: own, got, .. }) => {
                assert_eq!((own, got), (page_bytes, made))
            }
            other => panic!("{other:?}"),
        }
    }
    refused(&[&[0; 3]], 4, |page| page.passthrough(), 3);
    refused(&[&[0; 3], &[0; 3]], 4, |page| page.concat(), 6);
    refused(&[&[0; 3]], 31, |page| page.blake3(), 32);
    refused(&[&[0; 4], &[0; 5]], 4, |page| page.xor(), 5);
    refused(&[&[0; 6]], 6, |page| page.add::<u32>(), 4);
    refused(&[&[0; 6]], 2, |derivation| derivation.reduce(0u64, u64::max), 8);
    refused(&[&[0; 6]], 8, |derivation| derivation.reduce(0u64, u64::max), 0);
}
