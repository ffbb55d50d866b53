#include "memory.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "protection.h"

namespace gradsieve {
namespace {

const size_t ALIGNMENT = 256; /* of cudaMalloc */
const size_t RESERVED = 4096; /* freed blocks whose addresses are kept; Linux allows 65,530 mappings */
const int LOCK_TRIES = 1000;  /* of a handler: the thread that it interrupted may hold the lock itself */
const int POISON = 0xff;      /* NaN in float and double, -1 in integers */
const unsigned char PATTERN = 0xfb;

size_t page_bytes() {
    static const size_t bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    return bytes;
}

size_t round_up(size_t bytes, size_t to) { return (bytes + to - 1) / to * to; }

unsigned char* reserve(size_t bytes, int protection) {
    void* const address = mmap(nullptr, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return address == MAP_FAILED ? nullptr : static_cast<unsigned char*>(address);
}

}  // namespace

std::shared_ptr<Block> Memory::allocate(bool device, size_t bytes) {
    if (bytes > size_t{1} << 46) return nullptr;
    if (device) {
        std::lock_guard<std::mutex> lock(mutex_);
        if (bytes > limit_ - used_) return nullptr;
        used_ += bytes;
    }
    const size_t page = page_bytes(), body = round_up(bytes, page);
    auto block = std::make_shared<Block>();
    block->device = device;
    block->bytes = bytes;
    block->mapped = body + 2 * page;
    block->mapping = reserve(block->mapped, PROT_NONE);
    if (device) block->written = reserve(shadow_bytes(bytes), PROT_READ | PROT_WRITE);
    const bool good = block->mapping != nullptr && (!device || block->written != nullptr) &&
                      (device ? make_device_memory(block->mapping + page, body)
                              : mprotect(block->mapping + page, body, PROT_READ | PROT_WRITE) == 0);
    if (!good) {
        if (block->mapping != nullptr) munmap(block->mapping, block->mapped);
        if (block->written != nullptr) munmap(block->written, shadow_bytes(bytes));
    } else {
        const Opened opened;
        block->base = block->mapping + page + body - round_up(bytes, ALIGNMENT);
        memset(block->mapping + page, PATTERN, body);
        memset(block->base, POISON, bytes);
    }
    std::lock_guard<std::mutex> lock(mutex_);
    if (!good) {
        if (device) used_ -= bytes;
        return nullptr;
    }
    blocks_[block->base] = block;
    return block;
}

std::shared_ptr<Block> Memory::find(const void* address) const {
    std::lock_guard<std::mutex> lock(mutex_);
    auto next = blocks_.upper_bound(address);
    if (next == blocks_.begin()) return nullptr;
    const std::shared_ptr<Block>& block = std::prev(next)->second;
    return static_cast<const unsigned char*>(address) < block->base + block->bytes ? block : nullptr;
}

bool Memory::freed(const void* address) const {
    const unsigned char* const at = static_cast<const unsigned char*>(address);
    std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& [mapping, mapped] : freed_)
        if (at >= mapping && at < mapping + mapped) return true;
    return false;
}

bool Memory::describe(const void* address, char* text, size_t room) const {
    std::unique_lock<std::mutex> lock(mutex_, std::defer_lock);
    for (int tries = 0; !lock.try_lock(); tries++) {
        if (tries == LOCK_TRIES) return false;
        sched_yield();
    }
    const unsigned char* const at = static_cast<const unsigned char*>(address);
    for (const auto& entry : blocks_) {
        const Block& block = *entry.second;
        if (at < block.mapping || at >= block.mapping + block.mapped) continue;
        const bool beside = at < block.base || at >= block.base + block.bytes;
        snprintf(text, room, "%s%s memory: byte %td of the %zu at %p", beside ? "beside " : "", block.device ? "device" : "pinned",
                 at - block.base, block.bytes, static_cast<const void*>(block.base));
        return true;
    }
    for (const auto& [mapping, mapped] : freed_) {
        if (at < mapping || at >= mapping + mapped) continue;
        snprintf(text, room, "device or pinned memory that was freed, at %p", address);
        return true;
    }
    return false;
}

ptrdiff_t Memory::damage(const Block& block) {
    const Opened opened;
    const unsigned char* const begin = block.mapping + page_bytes();
    const unsigned char* const end = block.mapping + block.mapped - page_bytes();
    for (const unsigned char* at = block.base; at-- > begin;)
        if (*at != PATTERN) return at - block.base;
    for (const unsigned char* at = block.base + block.bytes; at < end; at++)
        if (*at != PATTERN) return at - block.base;
    return 0;
}

void Memory::release(const std::shared_ptr<Block>& block) {
    std::lock_guard<std::mutex> lock(mutex_);
    blocks_.erase(block->base);
    if (block->device) {
        used_ -= block->bytes;
        munmap(block->written, shadow_bytes(block->bytes));
    }
    /* The pages go back to the system, their addresses stay taken. */
    mmap(block->mapping, block->mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    freed_.emplace_back(block->mapping, block->mapped);
    if (freed_.size() > RESERVED) {
        munmap(freed_.front().first, freed_.front().second);
        freed_.pop_front();
    }
}

std::vector<std::shared_ptr<Block>> Memory::live() const {
    std::lock_guard<std::mutex> lock(mutex_);
    std::vector<std::shared_ptr<Block>> live;
    for (const auto& entry : blocks_) live.push_back(entry.second);
    return live;
}

size_t Memory::used() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return used_;
}

}  // namespace gradsieve
