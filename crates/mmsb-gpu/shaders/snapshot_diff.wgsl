// snapshot_diff.wgsl -- words in which two pages differ: counted, then written down where the host placed them.
// Shape:    one workgroup of 256 a tile; tiles above 65,535 fold into y.
// Reads:    tiles[params.first ..][.. params.count]; tile.count quads of the new page (target) and the old (source).
// Writes:   count: adds to answer[tile.result] how many words differ.
//           emit:  from answer[tile.result] on, a word op of the page for each, by rising word.
// Requires: count: the answer is zero before. emit: there is room for as many as were counted.
// Twin:     src/cpu/snapshot_diff.rs -- word for word.

@group(0) @binding(2) var<storage, read_write> answer: array<atomic<u32>>;

var<workgroup> found: array<u32, 256>;

fn differing(tile: Tile, quad: u32) -> u32 {
    let differ = target_slab[tile.target_quad + quad] != source_slab[tile.source + quad];
    let ones = select(vec4<u32>(0u), vec4<u32>(1u), differ);
    return ones.x + ones.y + ones.z + ones.w;
}

@compute @workgroup_size(256)
fn count(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = group.y * groups.x + group.x;
    if index >= params.count { return; }
    let tile = tiles[params.first + index];
    var sum = 0u;
    for (var i = lane; i < tile.count; i += 256u) {
        sum += differing(tile, i);
    }
    if sum > 0u { atomicAdd(&answer[tile.result], sum); }
}

// Which bytes of a word differ, one bit each.
fn byte_bits(bits: u32) -> u32 {
    let halves = bits | (bits >> 4u);
    let pairs = halves | (halves >> 2u);
    let bytes = (pairs | (pairs >> 1u)) & 0x01010101u;
    return ((bytes * 0x10204080u) >> 28u) & 15u;
}

@compute @workgroup_size(256)
fn emit(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = group.y * groups.x + group.x;
    // All invocations of a workgroup have one index, so all or none come to the barrier.
    if index >= params.count { return; }
    let tile = tiles[params.first + index];
    // Four quads of its own each: so the words of a lower invocation are lower.
    let begin = min(lane * 4u, tile.count);
    let end = min(begin + 4u, tile.count);
    var sum = 0u;
    for (var i = begin; i < end; i++) { sum += differing(tile, i); }
    found[lane] = sum;
    workgroupBarrier();
    if sum == 0u { return; }
    var place = tile.result;
    for (var lower = 0u; lower < lane; lower++) { place += found[lower] * 2u; }
    for (var i = begin; i < end; i++) {
        let new_quad = target_slab[tile.target_quad + i];
        let bits = new_quad ^ source_slab[tile.source + i];
        for (var word = 0u; word < 4u; word++) {
            if bits[word] == 0u { continue; }
            let at = (tile.offset + i) * 4u + word;
            atomicStore(&answer[place], at | (byte_bits(bits[word]) << 28u));
            atomicStore(&answer[place + 1u], new_quad[word]);
            place += 2u;
        }
    }
}
