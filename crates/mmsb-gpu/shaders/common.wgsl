// common.wgsl -- what kernels share: it stands behind each of them, so that lines in a driver's messages are the file's.
// Params:   first tile or op of a dispatch, and how many.
// Tile:     what a workgroup works on; each kernel says which members it reads.
// Bindings: all but what a kernel sees in another way and declares itself: the answer, and words for quads.
// Twin:     src/program.rs -- member for member, as a test has naga confirm.

struct Params { first: u32, count: u32, pad: u32, more: u32 }
struct Tile { target_quad: u32, source: u32, count: u32, offset: u32, result: u32, mask: u32, inputs: u32, pad: u32 }

var<immediate> params: Params;
@group(0) @binding(0) var<storage, read> tiles: array<Tile>;
@group(0) @binding(1) var<storage, read> batch: array<vec4<u32>>;
@group(1) @binding(0) var<storage, read_write> target_slab: array<vec4<u32>>;
@group(2) @binding(0) var<storage, read_write> source_slab: array<vec4<u32>>;
