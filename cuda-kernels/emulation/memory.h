/*
 * Device and pinned memory: host memory with a page that nothing may touch on both sides, the end of the block as near to the
 * second as its alignment lets it. What lies between is filled with a pattern and looked at when the block is freed. New memory
 * holds NaN. Freed addresses are not given out again for a long time, so that their use shows. Who may touch device memory:
 * protection.h.
 */
#ifndef GRADSIEVE_EMULATION_MEMORY_H
#define GRADSIEVE_EMULATION_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "clocks.h"

namespace gradsieve {

/* Pinned memory that the host sent, and what it held. */
struct Sent {
    Point point;
    uint64_t content;
};

struct Block {
    bool device = true; /* else pinned host memory */
    unsigned char* base = nullptr;
    size_t bytes = 0;
    unsigned char* mapping = nullptr; /* base lies in it, between its first and its last page */
    size_t mapped = 0;
    unsigned char* written = nullptr; /* device: a byte for each 4 bytes, 1 = was written */

    /* With the runtime's lock: */
    bool live = true;
    History history;
    std::map<std::pair<size_t, size_t>, Sent> sent; /* the last copy of each range to the device */
};

class Memory {
public:
    explicit Memory(size_t limit) : limit_(limit) {}
    /* NULL where device memory, or the host's, is full. */
    std::shared_ptr<Block> allocate(bool device, size_t bytes);
    /* The live block that an address lies in, or NULL. */
    std::shared_ptr<Block> find(const void* address) const;
    /* Whether the address lies in a block that was freed. */
    bool freed(const void* address) const;
    /* For the handler of a signal: what lies at an address, in words. False: nothing of ours, or the lock cannot be had. */
    bool describe(const void* address, char* text, size_t room) const;
    /* Where the first byte beside the block that was overwritten lies, from its base; 0: none (that byte is the block's own). */
    static ptrdiff_t damage(const Block& block);
    void release(const std::shared_ptr<Block>& block);
    std::vector<std::shared_ptr<Block>> live() const;
    size_t limit() const { return limit_; }
    size_t used() const;

private:
    static size_t shadow_bytes(size_t bytes) { return bytes / 4 + 1; }

    const size_t limit_;
    mutable std::mutex mutex_;
    std::map<const void*, std::shared_ptr<Block>> blocks_; /* by base */
    std::deque<std::pair<unsigned char*, size_t>> freed_;  /* mappings that are still reserved, oldest first */
    size_t used_ = 0;
};

}  // namespace gradsieve

#endif
