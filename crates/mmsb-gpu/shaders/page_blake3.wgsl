// page_blake3.wgsl -- BLAKE3 (https://github.com/BLAKE3-team/BLAKE3-specs) of pages.
// Shape:    one invocation a chunk (chunks) or a page (roots), in workgroups of 256; groups above 65,535 fold into y.
// Reads:    tiles[params.first ..][.. params.count]; chunks: tile.count quads of a slab, tile.mask bytes of them;
//           tile.offset is the chunk's number and tile.inputs how many its page has.
// Writes:   chunks: answer[tile.result ..][.. 8], the chunk's hash.
//           roots:  joins tile.inputs hashes from there on in place; the first one becomes the page's.
// Requires: bytes behind a page are zero; roots comes after chunks.
// Twin:     src/cpu/page_blake3.rs -- word for word.

@group(0) @binding(2) var<storage, read_write> answer: array<u32>;

const CHUNK_START = 1u;
const CHUNK_END = 2u;
const PARENT = 4u;
const ROOT = 8u;
const IV_LOW = vec4<u32>(0x6a09e667u, 0xbb67ae85u, 0x3c6ef372u, 0xa54ff53au);
const IV_HIGH = vec4<u32>(0x510e527fu, 0x9b05688cu, 0x1f83d9abu, 0x5be0cd19u);

struct Hash { low: vec4<u32>, high: vec4<u32> }
// The state's four rows.
struct Rows { a: vec4<u32>, b: vec4<u32>, c: vec4<u32>, d: vec4<u32> }

fn rotate(words: vec4<u32>, by: u32) -> vec4<u32> {
    return (words >> vec4<u32>(by)) | (words << vec4<u32>(32u - by));
}

// Mixes four columns, each with two words of the message.
fn mix(rows: Rows, first: vec4<u32>, second: vec4<u32>) -> Rows {
    var r = rows;
    r.a = r.a + r.b + first;
    r.d = rotate(r.d ^ r.a, 16u);
    r.c = r.c + r.d;
    r.b = rotate(r.b ^ r.c, 12u);
    r.a = r.a + r.b + second;
    r.d = rotate(r.d ^ r.a, 8u);
    r.c = r.c + r.d;
    r.b = rotate(r.b ^ r.c, 7u);
    return r;
}

fn compress(hash: Hash, message: array<vec4<u32>, 4>, counter: u32, bytes: u32, flags: u32) -> Hash {
    var r = Rows(hash.low, hash.high, IV_LOW, vec4<u32>(counter, 0u, bytes, flags));
    var p = message[0];
    var q = message[1];
    var s = message[2];
    var t = message[3];
    for (var round = 0u; round < 7u; round++) {
        r = mix(r, vec4<u32>(p.x, p.z, q.x, q.z), vec4<u32>(p.y, p.w, q.y, q.w));
        // Diagonals become columns and, mixed, diagonals again.
        r = Rows(r.a, r.b.yzwx, r.c.zwxy, r.d.wxyz);
        r = mix(r, vec4<u32>(s.x, s.z, t.x, t.z), vec4<u32>(s.y, s.w, t.y, t.w));
        r = Rows(r.a, r.b.wxyz, r.c.zwxy, r.d.yzwx);
        // Words 2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8.
        let p2 = vec4<u32>(p.z, q.z, p.w, s.z);
        let q2 = vec4<u32>(q.w, p.x, q.x, t.y);
        let s2 = vec4<u32>(p.y, s.w, t.x, q.y);
        let t2 = vec4<u32>(s.y, t.z, t.w, s.x);
        p = p2;
        q = q2;
        s = s2;
        t = t2;
    }
    return Hash(r.a ^ r.c, r.b ^ r.d);
}

fn answered(at: u32) -> vec4<u32> {
    return vec4<u32>(answer[at], answer[at + 1u], answer[at + 2u], answer[at + 3u]);
}

fn store(at: u32, hash: Hash) {
    for (var word = 0u; word < 4u; word++) {
        answer[at + word] = hash.low[word];
        answer[at + 4u + word] = hash.high[word];
    }
}

@compute @workgroup_size(256)
fn chunks(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = (group.y * groups.x + group.x) * 256u + lane;
    if index >= params.count { return; }
    let tile = tiles[params.first + index];
    let last = max((tile.mask + 63u) / 64u, 1u) - 1u;
    var hash = Hash(IV_LOW, IV_HIGH);
    for (var block = 0u; block <= last; block++) {
        var message = array<vec4<u32>, 4>();
        for (var i = 0u; i < 4u; i++) {
            if block * 4u + i < tile.count { message[i] = target_slab[tile.target_quad + block * 4u + i]; }
        }
        var flags = select(0u, CHUNK_START, block == 0u);
        if block == last { flags |= CHUNK_END | select(0u, ROOT, tile.inputs == 1u); }
        hash = compress(hash, message, tile.offset, min(64u, tile.mask - block * 64u), flags);
    }
    store(tile.result, hash);
}

@compute @workgroup_size(256)
fn roots(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = (group.y * groups.x + group.x) * 256u + lane;
    if index >= params.count { return; }
    let tile = tiles[params.first + index];
    var count = tile.inputs;
    while count > 1u {
        let flags = select(PARENT, PARENT | ROOT, count == 2u);
        for (var pair = 0u; pair < count / 2u; pair++) {
            let at = tile.result + pair * 16u;
            let left = array<vec4<u32>, 4>(answered(at), answered(at + 4u), answered(at + 8u), answered(at + 12u));
            store(tile.result + pair * 8u, compress(Hash(IV_LOW, IV_HIGH), left, 0u, 64u, flags));
        }
        if count % 2u == 1u {
            let at = tile.result + (count - 1u) * 8u;
            store(tile.result + count / 2u * 8u, Hash(answered(at), answered(at + 4u)));
        }
        count = (count + 1u) / 2u;
    }
}
