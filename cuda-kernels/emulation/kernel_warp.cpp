/* Warp operations, asynchronous copies and atomics. */
#include "kernel_machine.h"

namespace emulation {
namespace {

struct Exchange {
    uint64_t in, out;
    int source;
};

const char* name_of(Shuffle kind) {
    switch (kind) {
        case Shuffle::INDEX: return "__shfl_sync";
        case Shuffle::UP: return "__shfl_up_sync";
        case Shuffle::DOWN: return "__shfl_down_sync";
        default: return "__shfl_xor_sync";
    }
}

void exchange(void* const* data, unsigned mask) {
    for (unsigned rest = mask; rest != 0; rest &= rest - 1) {
        Exchange& own = *static_cast<Exchange*>(data[__builtin_ctz(rest)]);
        if (!((mask >> own.source) & 1))
            wrong("shuffle: lane %d takes from lane %d, which mask 0x%08x has not", __builtin_ctz(rest), own.source, mask);
        own.out = static_cast<Exchange*>(data[own.source])->in;
    }
}

struct Ballot {
    unsigned value, result;
};

void collect(void* const* data, unsigned mask) {
    unsigned votes = 0;
    for (unsigned rest = mask; rest != 0; rest &= rest - 1) votes |= static_cast<Ballot*>(data[__builtin_ctz(rest)])->value;
    for (unsigned rest = mask; rest != 0; rest &= rest - 1) static_cast<Ballot*>(data[__builtin_ctz(rest)])->result = votes;
}

/* Lanes of the mask see from now on what each of them did before. Shuffles order nothing. */
void order_memory(void* const*, unsigned mask) {
    Warp& warp = machine->warp_of(machine->thread());
    const uint32_t now = ++warp.meetings;
    if (mask == 0xffffffffu) {
        warp.all_met = now;
        return;
    }
    for (unsigned of = mask; of != 0; of &= of - 1)
        for (unsigned with = mask; with != 0; with &= with - 1)
            warp.met[static_cast<size_t>(__builtin_ctz(of) * 32 + __builtin_ctz(with))] = now;
}

}  // namespace

void warp_barrier(unsigned mask, Place place) { meet(mask, "__syncwarp", order_memory, nullptr, place); }

uint64_t shuffle(Shuffle kind, unsigned mask, uint64_t bits, int argument, int width, Place place) {
    if (width < 1 || width > 32 || (width & (width - 1)) != 0)
        wrong("calls %s (%s:%d) with width %d, no power of two up to 32", name_of(kind), place.file, place.line, width);
    if (argument < 0 || argument >= width)
        wrong("calls %s (%s:%d) for lane %d, outside the width of %d", name_of(kind), place.file, place.line, argument, width);
    const int own = lane(), first = own & ~(width - 1), at = own - first;
    int source = argument;
    if (kind == Shuffle::UP) source = at >= argument ? at - argument : at;
    if (kind == Shuffle::DOWN) source = at + argument < width ? at + argument : at;
    if (kind == Shuffle::XOR) source = at ^ argument;
    Exchange value{bits, 0, first + source};
    meet(mask, name_of(kind), exchange, &value, place);
    return value.out;
}

unsigned ballot(unsigned mask, bool value, const char* name, Place place) {
    Ballot share{value ? 1u << lane() : 0, 0};
    meet(mask, name, collect, &share, place);
    return share.result;
}

/* ---- asynchronous copies: they arrive at the wait at the latest, in some blocks at once -------------------------------------- */

namespace {

void arrive(const Copy& copy) {
    const size_t taken = copy.bytes - copy.zeros;
    if (taken > 0) check_access(copy.from, taken, false, false, __builtin_return_address(0));
    check_access(copy.to, copy.bytes, true, false, __builtin_return_address(0));
    memcpy(copy.to, copy.from, taken);
    memset(static_cast<char*>(copy.to) + taken, 0, copy.zeros);
}

}  // namespace

void copy_async(void* to, const void* from, size_t bytes, size_t zeros) {
    if (bytes != 4 && bytes != 8 && bytes != 16) wrong("an asynchronous copy of %zu bytes, not 4, 8 or 16", bytes);
    if (zeros > bytes) wrong("an asynchronous copy of %zu bytes, %zu of them zeros", bytes, zeros);
    if (reinterpret_cast<uintptr_t>(to) % bytes || reinterpret_cast<uintptr_t>(from) % bytes)
        wrong("an asynchronous copy of %zu bytes from %p to %p, not at multiples of it", bytes, from, to);
    const Copy copy{to, from, bytes, zeros};
    if (machine->copies_early()) {
        arrive(copy);
    } else {
        if (bytes > zeros) check_access(from, bytes - zeros, false, false, __builtin_return_address(0));
        machine->thread().open.push_back(copy);
    }
}

void copy_commit() {
    Thread& me = machine->thread();
    me.groups.push_back(me.open.size());
    me.committed.insert(me.committed.end(), me.open.begin(), me.open.end());
    me.open.clear();
}

void copy_wait(size_t prior) {
    Thread& me = machine->thread();
    while (me.groups.size() - me.groups_arrived > prior) {
        const size_t end = me.arrived + me.groups[me.groups_arrived++];
        while (me.arrived < end) arrive(me.committed[me.arrived++]);
    }
    if (me.groups_arrived == me.groups.size()) {
        me.groups.clear();
        me.committed.clear();
        me.arrived = me.groups_arrived = 0;
    }
}

/* ---- atomics ----------------------------------------------------------------------------------------------------------------- */

template <class T>
T atomic(Atomic operation, T* at, T value) {
    check_access(at, sizeof(T), true, true, __builtin_return_address(0));
    T before = __atomic_load_n(at, __ATOMIC_RELAXED), after;
    do {
        switch (operation) {
            case Atomic::ADD: after = static_cast<T>(before + value); break;
            case Atomic::MIN: after = value < before ? value : before; break;
            case Atomic::MAX: after = value > before ? value : before; break;
            case Atomic::AND: after = before & value; break;
            case Atomic::OR: after = before | value; break;
            case Atomic::XOR: after = before ^ value; break;
            default: after = value;
        }
    } while (!__atomic_compare_exchange_n(at, &before, after, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return before;
}

template <class T>
T atomic_compare_and_swap(T* at, T compare, T value) {
    check_access(at, sizeof(T), true, true, __builtin_return_address(0));
    __atomic_compare_exchange_n(at, &compare, value, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    return compare;
}

template int atomic(Atomic, int*, int);
template unsigned atomic(Atomic, unsigned*, unsigned);
template unsigned long long atomic(Atomic, unsigned long long*, unsigned long long);
template int atomic_compare_and_swap(int*, int, int);
template unsigned atomic_compare_and_swap(unsigned*, unsigned, unsigned);
template unsigned long long atomic_compare_and_swap(unsigned long long*, unsigned long long, unsigned long long);

}  // namespace emulation
