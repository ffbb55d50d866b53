/*
 * Every access of a kernel, in the checked build. The compiler calls the hooks of the thread sanitizer before each load and store of the
 * kernel's unchanged source; here they are ours. A shadow knows for each word (for each byte of arrays that are used by the byte) who wrote
 * and who read it last, and between which barriers. What shows, whatever the order of threads was:
 *   - addresses outside of every array, of the host, or not at a multiple of their size
 *   - reads of what nothing wrote
 *   - two threads on one word, one of them writing, with nothing between that orders them: __syncthreads within a block, __syncwarp
 *     within a warp (shuffles order nothing), and never between blocks; atomics among themselves are in order
 */
#include <link.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>

#include "kernel_machine.h"
#include "runtime.h"

namespace emulation {
namespace {

/* An era is what lies between two barriers of a block; eras are counted through all blocks and launches. */
struct Cell {
    uint32_t write_era, write_stamp;
    uint32_t read_era, read_stamp, read_lanes;
    uint32_t foreign_read_era; /* of a block before the one that read last */
    uint16_t writer;
    uint8_t atomic, reader_warp;
};
constexpr uint8_t SEVERAL = 255;
constexpr size_t MOST_CELLS = size_t{1} << 25;

/* The shadow of an array. */
struct Region {
    const char* base;
    size_t bytes;
    unsigned char* written; /* the runtime's, a byte a word; null: shared memory */
    int shift;              /* a cell for 1 << shift bytes */
    std::unique_ptr<Cell[]> cells;

    bool contains(const char* address) const { return address >= base && address < base + bytes; }
    size_t count() const { return (bytes >> shift) + 1; }
};

class Checks {
public:
    void begin_launch() {
        if (cells_ > MOST_CELLS || era_ > 0xc0000000u) {
            regions_.clear();
            cells_ = era_ = 0;
        }
        last_ = nullptr;
        in_use_.clear();
        launch_ = ++era_;
    }
    void begin_block() { block_ = ++era_; }
    void barrier() { era_++; }
    void access(const char* address, size_t bytes, bool write, bool atomic, const void* caller);

private:
    enum Other { WRITER, READER };

    Region* find(const char* address, bool write, const void* caller);
    Region* enter(const char* base, size_t bytes, unsigned char* written);
    void by_the_byte(Region& region);
    /* The first era whose accesses count: shared memory is new in every block. */
    uint32_t since(const Region& region) const { return region.written == nullptr ? block_ : launch_; }
    void check_written(const Region& region, size_t at, const void* caller) const;
    void check_read(const Region& region, size_t at, const void* caller) const;
    void check_write(const Region& region, size_t at, bool atomic, const void* caller) const;
    void note_read(Cell& cell) const;
    bool ordered_after(int lane, uint32_t stamp) const;
    [[noreturn]] void conflict(const Region& region, size_t at, bool write, Other other, const char* whom, const void* caller) const;

    std::map<const char*, Region> regions_; /* kept between launches: eras tell what is old */
    std::vector<Region*> in_use_;
    Region* last_ = nullptr;
    size_t cells_ = 0;
    uint32_t era_ = 0, launch_ = 0, block_ = 0;
    /* The thread whose access it is. */
    int me_ = 0;
    const Warp* warp_ = nullptr;
};

/* Whether constants of the kernels' library lie there: what it has mapped and cannot write. */
bool constant(const void* address) {
    struct Search {
        uintptr_t at, own;
        bool found;
    } search{reinterpret_cast<uintptr_t>(address), reinterpret_cast<uintptr_t>(&constant), false};
    dl_iterate_phdr(
        [](dl_phdr_info* image, size_t, void* data) {
            Search& s = *static_cast<Search*>(data);
            bool own = false, found = false;
            for (int i = 0; i < image->dlpi_phnum; i++) {
                const ElfW(Phdr)& part = image->dlpi_phdr[i];
                const uintptr_t first = image->dlpi_addr + part.p_vaddr, end = first + part.p_memsz;
                const bool fixed = (part.p_type == PT_LOAD && !(part.p_flags & PF_W)) || part.p_type == PT_GNU_RELRO;
                own = own || (part.p_type == PT_LOAD && s.own >= first && s.own < end);
                found = found || (fixed && s.at >= first && s.at < end);
            }
            s.found = own && found;
            return own ? 1 : 0;
        },
        &search);
    return search.found;
}

Checks& checks() {
    static Checks& all = *new Checks;
    return all;
}

Region* Checks::enter(const char* base, size_t bytes, unsigned char* written) {
    Region& region = regions_[base];
    if (region.bytes != bytes || region.cells == nullptr) {
        region.base = base;
        region.bytes = bytes;
        region.shift = 2;
        region.cells = std::make_unique<Cell[]>(region.count());
        cells_ += region.count();
    }
    region.written = written;
    in_use_.push_back(&region);
    return &region;
}

/* Null: memory of the emulation itself. */
Region* Checks::find(const char* address, bool write, const void* caller) {
    for (Region* region : in_use_)
        if (region->contains(address)) return region;
    for (const SharedArray* array : machine->shared_in_use())
        if (address >= array->memory && address < array->memory + array->bytes) return enter(array->memory, array->bytes, nullptr);
    if (machine->holds(address)) return nullptr;
    void* base = nullptr;
    size_t bytes = 0;
    unsigned char* written = nullptr;
    if (gs_emulated_allocation(address, &base, &bytes, &written)) return enter(static_cast<const char*>(base), bytes, written);
    if (!write && constant(address)) return nullptr;
    char where[200];
    describe(where, sizeof where, address);
    machine->fault(ILLEGAL_ADDRESS, caller, "out-of-bounds %s at %p, %s", write ? "write" : "read", static_cast<const void*>(address), where);
}

void Checks::by_the_byte(Region& region) {
    const size_t words = region.count();
    std::unique_ptr<Cell[]> fine = std::make_unique<Cell[]>(region.bytes + 1);
    for (size_t i = 0; i < region.bytes; i++) fine[i] = region.cells[i >> 2];
    cells_ += region.bytes + 1 - words;
    region.cells = std::move(fine);
    region.shift = 0;
}

/* Whether this thread sees what a lane of its warp did before the warp's meeting number stamp + 1. */
bool Checks::ordered_after(int lane, uint32_t stamp) const {
    return std::max(warp_->all_met, warp_->met[static_cast<size_t>(me_ % 32 * 32 + lane)]) > stamp;
}

void Checks::conflict(const Region& region, size_t at, bool write, Other other, const char* whom, const void* caller) const {
    const char* address = region.base + (at << region.shift);
    char where[200];
    describe(where, sizeof where, address);
    machine->fault(LAUNCH_FAILURE, caller, "%s %p, %s, which %s %s, with nothing between that orders them", write ? "writes" : "reads",
                   static_cast<const void*>(address), where, whom, other == WRITER ? "wrote" : "read");
}

void Checks::check_written(const Region& region, size_t at, const void* caller) const {
    if (region.written == nullptr ? region.cells[at].write_era >= block_ : region.written[at >> (2 - region.shift)] != 0) return;
    const char* address = region.base + (at << region.shift);
    char where[200];
    describe(where, sizeof where, address);
    machine->fault(LAUNCH_FAILURE, caller, "reads what nothing wrote at %p, %s", static_cast<const void*>(address), where);
}

void Checks::check_read(const Region& region, size_t at, const void* caller) const {
    const Cell& cell = region.cells[at];
    if (cell.write_era < since(region)) return;
    if (cell.write_era < block_) conflict(region, at, false, WRITER, "another block", caller);
    if (cell.write_era < era_ || cell.writer == me_) return;
    if (cell.writer / 32 == me_ / 32 && ordered_after(cell.writer % 32, cell.write_stamp)) return;
    conflict(region, at, false, WRITER, ("thread " + std::to_string(cell.writer)).c_str(), caller);
}

void Checks::check_write(const Region& region, size_t at, bool atomic, const void* caller) const {
    const Cell& cell = region.cells[at];
    if (cell.write_era >= since(region) && !(atomic && cell.atomic)) {
        if (cell.write_era < block_) conflict(region, at, true, WRITER, "another block", caller);
        if (cell.write_era == era_ && cell.writer != me_ &&
            !(cell.writer / 32 == me_ / 32 && ordered_after(cell.writer % 32, cell.write_stamp)))
            conflict(region, at, true, WRITER, ("thread " + std::to_string(cell.writer)).c_str(), caller);
    }
    if (cell.foreign_read_era >= since(region) || (cell.read_era >= since(region) && cell.read_era < block_))
        conflict(region, at, true, READER, "another block", caller);
    if (cell.read_era != era_) return;
    if (cell.reader_warp != me_ / 32) conflict(region, at, true, READER, "a thread of another warp", caller);
    for (unsigned lanes = cell.read_lanes & ~(1u << (me_ % 32)); lanes != 0; lanes &= lanes - 1) {
        const int lane = __builtin_ctz(lanes);
        if (!ordered_after(lane, cell.read_stamp))
            conflict(region, at, true, READER, ("thread " + std::to_string(me_ / 32 * 32 + lane)).c_str(), caller);
    }
}

void Checks::note_read(Cell& cell) const {
    const uint32_t lane = 1u << (me_ % 32);
    if (cell.read_era == era_) {
        if (cell.reader_warp == me_ / 32) {
            cell.read_lanes |= lane;
            cell.read_stamp = warp_->meetings;
        } else {
            cell.reader_warp = SEVERAL;
        }
        return;
    }
    if (cell.read_era >= launch_ && cell.read_era < block_) cell.foreign_read_era = cell.read_era;
    cell.read_era = era_;
    cell.read_stamp = warp_->meetings;
    cell.read_lanes = lane;
    cell.reader_warp = static_cast<uint8_t>(me_ / 32);
}

void Checks::access(const char* address, size_t bytes, bool write, bool atomic, const void* caller) {
    Region* region = last_;
    if (region == nullptr || !region->contains(address)) {
        region = find(address, write, caller);
        if (region == nullptr) return;
        last_ = region;
    }
    const Thread& thread = machine->thread();
    me_ = thread.number;
    warp_ = &machine->warp_of(thread);
    const size_t from = static_cast<size_t>(address - region->base), end = from + bytes;
    if (end > region->bytes) {
        char where[200];
        describe(where, sizeof where, region->base + region->bytes);
        machine->fault(ILLEGAL_ADDRESS, caller, "out-of-bounds %s of %zu bytes at %p, %s", write ? "write" : "read", bytes,
                       static_cast<const void*>(address), where);
    }
    if (region->shift == 2 && (from | end) % 4 != 0) by_the_byte(*region);
    for (size_t at = from >> region->shift; at << region->shift < end; at++) {
        Cell& cell = region->cells[at];
        if (!write || atomic) check_written(*region, at, caller);
        if (!write) {
            check_read(*region, at, caller);
            note_read(cell);
            continue;
        }
        check_write(*region, at, atomic, caller);
        cell.write_era = era_;
        cell.write_stamp = warp_->meetings;
        cell.writer = static_cast<uint16_t>(me_);
        cell.atomic = atomic;
        if (region->written != nullptr) region->written[at >> (2 - region->shift)] = 1;
    }
}

}  // namespace

void check_launch() { checks().begin_launch(); }
void check_block() { checks().begin_block(); }
void check_barrier() { checks().barrier(); }

void check_access(const void* address, size_t bytes, bool write, bool atomic, const void* caller) {
    if (current == nullptr || bytes == 0 || machine->running()->holds(address)) return;
    checks().access(static_cast<const char*>(address), bytes, write, atomic, caller);
}

}  // namespace emulation

/* ---- what the compiler calls ---------------------------------------------------------------------------------------------------- */

namespace {

template <size_t BYTES>
void aligned(const void* at, bool write, const void* caller) {
    using namespace emulation;
    if (current != nullptr && reinterpret_cast<uintptr_t>(at) % BYTES != 0)
        machine->fault(MISALIGNED_ADDRESS, caller, "misaligned %s of %zu bytes at %p", write ? "write" : "read", BYTES, at);
    check_access(at, BYTES, write, false, caller);
}

}  // namespace

extern "C" {

void __tsan_init() {}

#define GS_HOOKS(bytes)                                                                             \
    void __tsan_read##bytes(void* at) { aligned<bytes>(at, false, __builtin_return_address(0)); }    \
    void __tsan_write##bytes(void* at) { aligned<bytes>(at, true, __builtin_return_address(0)); }    \
    void __tsan_volatile_read##bytes(void* at) { aligned<bytes>(at, false, __builtin_return_address(0)); } \
    void __tsan_volatile_write##bytes(void* at) { aligned<bytes>(at, true, __builtin_return_address(0)); }
GS_HOOKS(1)
GS_HOOKS(2)
GS_HOOKS(4)
GS_HOOKS(8)
GS_HOOKS(16)

/* Of types that promise no alignment. */
#define GS_UNALIGNED_HOOKS(bytes)                                                                                                            \
    void __tsan_unaligned_read##bytes(void* at) { emulation::check_access(at, bytes, false, false, __builtin_return_address(0)); }              \
    void __tsan_unaligned_write##bytes(void* at) { emulation::check_access(at, bytes, true, false, __builtin_return_address(0)); }
GS_UNALIGNED_HOOKS(2)
GS_UNALIGNED_HOOKS(4)
GS_UNALIGNED_HOOKS(8)
GS_UNALIGNED_HOOKS(16)

void __tsan_read_range(void* at, unsigned long bytes) { emulation::check_access(at, bytes, false, false, __builtin_return_address(0)); }
void __tsan_write_range(void* at, unsigned long bytes) { emulation::check_access(at, bytes, true, false, __builtin_return_address(0)); }
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}
}
