//! A bus on a page of metrics, fetched over the loopback.

mod command;
mod live;

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

/// Fetches a page; returns its status and text.
fn fetch(address: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: mmsb\r\nConnection: close\r\n\r\n")
        .expect("it takes requests");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    let (head, text) = answer.split_once("\r\n\r\n").expect("a head and a page");
    (head.split(' ').nth(1).expect("a status").parse().expect("a number"), text.to_owned())
}

/// Fetches the metrics: values by name, with the labels but for `bus`.
fn scrape(address: SocketAddr) -> BTreeMap<String, f64> {
    let (status, text) = fetch(address, "/metrics");
    assert_eq!(status, 200, "{text}");
    let samples = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    samples.map(sample).collect()
}

fn sample(line: &str) -> (String, f64) {
    let (name, value) = line.rsplit_once(' ').expect("a name and a value");
    let (name, labels) = name.trim_end_matches('}').split_once('{').expect("labels");
    let mut labels = labels.split(',');
    assert_eq!(labels.next(), Some("bus=\"world.mmsb\""), "{line}");
    let others: Vec<&str> = labels.collect();
    (format!("{name} {}", others.join(",")).trim_end().to_owned(), value.parse().expect("a number"))
}
