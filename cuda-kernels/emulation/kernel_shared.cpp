/* Shared memory between guards. */
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "kernel_machine.h"

namespace emulation {

namespace {

constexpr int UNWRITTEN = 0xff; /* floats and doubles of it are NaN */
constexpr size_t SHARED_ALIGNMENT = 128;

size_t page() {
    static const size_t bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    return bytes;
}

/* Beside an array lies f5 f5 f5 ff again and again: NaN, too. */
unsigned char guard_at(const char* address) { return reinterpret_cast<uintptr_t>(address) % 4 == 3 ? 0xff : 0xf5; }

void fill_guard(char* from, const char* end) {
    for (; from != end; from++) *from = static_cast<char>(guard_at(from));
}

/* Memory that ends where a page ends before one that cannot be touched; another such page lies before it. */
char* between_guards(size_t room) {
    const size_t whole = (room + page() - 1) / page() * page();
    char* base = static_cast<char*>(mmap(nullptr, whole + 2 * page(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (base == MAP_FAILED || mprotect(base + page(), whole, PROT_READ | PROT_WRITE) != 0) {
        std::fprintf(stderr, "emulation: no memory for %zu bytes of shared memory\n", room);
        std::abort();
    }
    fill_guard(base + page(), base + page() + whole);
    return base + page() + whole - room;
}

size_t whole(size_t bytes, size_t of) { return (bytes + of - 1) / of * of; }

}  // namespace

void* Machine::shared_array(const void* key, const char* name, size_t bytes) {
    for (SharedArray* array : in_use_) {
        if (array->key != key || array->bytes != bytes) continue;
        if (array->block != block_number_) {
            array->block = block_number_;
            memset(array->memory, UNWRITTEN, bytes);
        }
        return array->memory;
    }
    const bool dynamic = key == nullptr;
    if (!dynamic) static_bytes_ += whole(bytes, 16);
    if (static_bytes_ > MOST_STATIC_SHARED) wrong("%zu bytes of static shared memory, at most %zu", static_bytes_, MOST_STATIC_SHARED);
    if (static_bytes_ + launch_->shared > static_cast<size_t>(gradsieve::max_shared()))
        wrong("%zu bytes of static and %zu of dynamic shared memory, at most %d", static_bytes_, launch_->shared, gradsieve::max_shared());
    SharedArray* found = nullptr;
    for (const std::unique_ptr<SharedArray>& array : shared_)
        if (array->key == key && array->bytes == bytes) found = array.get();
    if (found == nullptr) {
        const size_t room = whole(bytes, dynamic ? SHARED_ALIGNMENT : 16);
        shared_.push_back(std::make_unique<SharedArray>(SharedArray{key, name, between_guards(room), bytes, room, 0}));
        found = shared_.back().get();
    }
    in_use_.push_back(found);
    return shared_array(key, name, bytes);
}

/* The bytes between an array's end and the page behind it. */
void Machine::check_shared() {
    for (const SharedArray* array : in_use_) {
        for (size_t i = array->bytes; i < array->room; i++) {
            if (static_cast<unsigned char>(array->memory[i]) == guard_at(array->memory + i)) continue;
            fill_guard(array->memory + array->bytes, array->memory + array->room);
            current = &threads_[0];
            char text[200];
            std::snprintf(text, sizeof text, "shared array %s of %zu bytes was written behind its end, at byte %zu (by some thread of this block)",
                          array->name, array->bytes, i);
            report(ILLEGAL_ADDRESS, nullptr, text);
            current = nullptr;
            return;
        }
    }
}

void* shared_array(const void* key, const char* name, size_t bytes) { return machine->shared_array(key, name, bytes); }

unsigned char* dynamic_shared(const char* name) {
    const size_t bytes = machine->launch().shared;
    return bytes == 0 ? nullptr : static_cast<unsigned char*>(machine->shared_array(nullptr, name, bytes));
}

}  // namespace emulation
