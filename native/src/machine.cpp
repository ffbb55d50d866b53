/*
 * The machine: which kernels run here and why not faster ones, memory, and the line of the last error.
 *
 * To add an instruction set: one table in kernels.h, one entry in `candidates` below with the cpuid bits it needs.
 */
#include "kernels.h"

#include <cpuid.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <deque>
#include <mutex>
#include <string>
#include <vector>

namespace gradsieve {
namespace {

thread_local char last_error[1024] = "";

/* ---- what the processor has ------------------------------------------------------------------------------------- */

enum Register { EAX, EBX, ECX, EDX };

struct Feature {
    const char* name;
    unsigned leaf;
    Register where;
    unsigned bit;
};

/* The bits of x86-64-v2, v3 and v4: what the compiler may use in each object library. */
const Feature v2_features[] = {{"ssse3", 1, ECX, 9},      {"sse4.1", 1, ECX, 19}, {"sse4.2", 1, ECX, 20},
                               {"cmpxchg16b", 1, ECX, 13}, {"popcnt", 1, ECX, 23}};
const Feature v3_features[] = {{"avx", 1, ECX, 28},   {"fma", 1, ECX, 12},  {"movbe", 1, ECX, 22},
                               {"f16c", 1, ECX, 29},  {"bmi1", 7, EBX, 3},  {"bmi2", 7, EBX, 8},
                               {"avx2", 7, EBX, 5},   {"lzcnt", 0x80000001u, ECX, 5}};
const Feature v4_features[] = {{"avx512f", 7, EBX, 16},
                               {"avx512dq", 7, EBX, 17},
                               {"avx512cd", 7, EBX, 28},
                               {"avx512bw", 7, EBX, 30},
                               {"avx512vl", 7, EBX, 31}};

bool has(const Feature& feature) {
    unsigned registers[4] = {0, 0, 0, 0};
    if (!__get_cpuid_count(feature.leaf, 0, &registers[0], &registers[1], &registers[2], &registers[3])) return false;
    return (registers[feature.where] >> feature.bit) & 1;
}

template <size_t N>
void require(const Feature (&features)[N], std::string& missing) {
    for (const Feature& feature : features) {
        if (!has(feature)) missing += (missing.empty() ? "" : ", ") + std::string(feature.name);
    }
}

/* Register states the operating system saves (XCR0); without a bit the wide registers must not be touched. */
unsigned saved_states() {
    if (!has(Feature{"osxsave", 1, ECX, 27})) return 0;
    unsigned low = 0, high = 0;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

struct Candidate {
    const Kernels* table;
    std::string refusal; /* why it cannot run here; empty: it can */
};

const unsigned AVX_STATES = 0x06, AVX512_STATES = 0xe6;

/* In order of preference. */
std::vector<Candidate> candidates() {
    std::string missing;
    require(v2_features, missing);
    std::string baseline = missing.empty() ? "" : "the processor lacks " + missing;
    require(v3_features, missing);
    std::string avx2 = missing.empty() ? "" : "the processor lacks " + missing;
    require(v4_features, missing);
    std::string avx512 = missing.empty() ? "" : "the processor lacks " + missing;
    unsigned states = saved_states();
    if (avx2.empty() && (states & AVX_STATES) != AVX_STATES)
        avx2 = "the operating system does not save the 256-bit registers";
    if (avx512.empty() && (states & AVX512_STATES) != AVX512_STATES)
        avx512 = "the operating system does not save the 512-bit registers";
    return {{&kernels_avx512, avx512}, {&kernels_avx2, avx2}, {&kernels_baseline, baseline}};
}

std::string processor() {
    unsigned text[12] = {0};
    for (unsigned i = 0; i < 3; i++) {
        unsigned* part = text + 4 * i;
        if (!__get_cpuid(0x80000002u + i, part, part + 1, part + 2, part + 3)) return "unknown";
    }
    char name[49] = {0};
    memcpy(name, text, 48);
    std::string trimmed = name;
    size_t first = trimmed.find_first_not_of(' '), last = trimmed.find_last_not_of(' ');
    return first == std::string::npos ? "unknown" : trimmed.substr(first, last - first + 1);
}

/* ---- the choice, once a process ----------------------------------------------------------------------------------- */

struct Machine {
    std::mutex mutex;
    const Kernels* chosen = nullptr;
    std::string asked; /* the isa of gs_open, empty for the best */
    std::deque<std::string> descriptions; /* all ever handed out: gs_describe promises that they stay */
};

Machine& machine() {
    static Machine instance;
    return instance;
}

/* Read on every kernel call, so apart from the lock. */
const Kernels* table = &kernels_baseline;

std::string quoted(const std::string& text) {
    std::string json = "\"";
    for (unsigned char c : text) {
        char escape[8];
        if (c == '"' || c == '\\') {
            json += '\\';
            json += static_cast<char>(c);
        } else if (c < 0x20 || c >= 0x7f) {
            snprintf(escape, sizeof escape, "\\u%04x", c);
            json += escape;
        } else {
            json += static_cast<char>(c);
        }
    }
    return json + "\"";
}

std::string reason(const Candidate& candidate, const Machine& m) {
    if (!candidate.refusal.empty()) return candidate.refusal;
    if (candidate.table == m.chosen) return m.asked.empty() ? "in use: the fastest that runs here" : "in use: asked for";
    if (m.chosen == nullptr) return "runs here";
    return std::string(m.chosen->name) + (m.asked.empty() ? " is faster" : " was asked for");
}

std::string describe(const Machine& m) {
    std::string json = "{\"isa\":" + (m.chosen ? quoted(m.chosen->name) : "null") + ",\"candidates\":[";
    bool first = true;
    for (const Candidate& candidate : candidates()) {
        json += first ? "" : ",";
        first = false;
        json += "{\"name\":" + quoted(candidate.table->name) +
                ",\"usable\":" + (candidate.refusal.empty() ? "true" : "false") +
                ",\"reason\":" + quoted(reason(candidate, m)) + "}";
    }
    return json + "],\"cpu\":" + quoted(processor()) + "}";
}

}  // namespace

const Kernels& kernels() { return *table; }

bool opened() { return machine().chosen != nullptr; }

int fail(int status, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last_error, sizeof last_error, format, arguments);
    va_end(arguments);
    return status;
}

}  // namespace gradsieve

using namespace gradsieve;

const char* gs_last_error(void) { return last_error; }

int gs_open(const char* isa) {
    std::string asked = isa == nullptr ? "" : isa;
    Machine& m = machine();
    std::lock_guard<std::mutex> lock(m.mutex);
    if (m.chosen != nullptr) {
        if (asked.empty() || asked == m.chosen->name) return GS_OK;
        return fail(GS_INVALID_ARGUMENT, "open: this process already runs the %s kernels, %s was asked for now",
                    m.chosen->name, asked.c_str());
    }
    const Kernels* chosen = nullptr;
    std::string refusal;
    bool known = asked.empty();
    for (const Candidate& candidate : candidates()) {
        if (!asked.empty() && asked != candidate.table->name) continue;
        known = true;
        refusal = candidate.refusal;
        if (!refusal.empty()) continue;
        chosen = candidate.table;
        break;
    }
    if (!known)
        return fail(GS_INVALID_ARGUMENT, "open: unknown instruction set '%s': baseline, avx2 or avx512", asked.c_str());
    if (chosen == nullptr)
        return fail(GS_UNSUPPORTED, "open: %s cannot run here: %s", asked.empty() ? "the baseline" : asked.c_str(),
                    refusal.c_str());
    m.chosen = chosen;
    m.asked = asked;
    table = chosen;
    return GS_OK;
}

const char* gs_describe(void) {
    Machine& m = machine();
    std::lock_guard<std::mutex> lock(m.mutex);
    std::string now = describe(m);
    if (m.descriptions.empty() || m.descriptions.back() != now) m.descriptions.push_back(now);
    return m.descriptions.back().c_str();
}

/* ---- memory ----------------------------------------------------------------------------------------------------- */

static const int64_t LINE = 64, HUGE_PAGE = int64_t{2} << 20;
/* The weights of small networks too: 1.5 % of a step of `mlp` at batch 128, against huge pages from 4 MiB on. */
static const int64_t HUGE_FROM = int64_t{1} << 20;
static const int64_t LARGEST = int64_t{1} << 46; /* bytes; half of what a process can address */

static int64_t round_up(int64_t bytes, int64_t unit) { return (bytes + unit - 1) / unit * unit; }

int gs_allocate(int64_t bytes, void** memory) {
    if (memory == nullptr || bytes < 0)
        return fail(GS_INVALID_ARGUMENT, "allocate: %lld bytes", static_cast<long long>(bytes));
    *memory = nullptr;
    if (bytes > LARGEST)
        return fail(GS_OUT_OF_MEMORY, "allocate: no memory for %lld bytes", static_cast<long long>(bytes));
    if (bytes < HUGE_FROM) {
        int64_t size = round_up(bytes > 0 ? bytes : 1, LINE);
        *memory = aligned_alloc(LINE, static_cast<size_t>(size));
        if (*memory != nullptr) memset(*memory, 0, static_cast<size_t>(size));
    } else {
        /* One huge page too much, then the ends go back, so that the rest starts on a huge page. */
        int64_t size = round_up(bytes, HUGE_PAGE);
        void* raw = mmap(nullptr, static_cast<size_t>(size + HUGE_PAGE), PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (raw != MAP_FAILED) {
            char* start = static_cast<char*>(raw);
            int64_t head = round_up(static_cast<int64_t>(reinterpret_cast<uintptr_t>(start)), HUGE_PAGE) -
                           static_cast<int64_t>(reinterpret_cast<uintptr_t>(start));
            if (head > 0) munmap(start, static_cast<size_t>(head));
            if (head < HUGE_PAGE) munmap(start + head + size, static_cast<size_t>(HUGE_PAGE - head));
            madvise(start + head, static_cast<size_t>(size), MADV_HUGEPAGE);
            *memory = start + head;
        }
    }
    if (*memory == nullptr)
        return fail(GS_OUT_OF_MEMORY, "allocate: no memory for %lld bytes", static_cast<long long>(bytes));
    return GS_OK;
}

int gs_release(void* memory, int64_t bytes) {
    if (memory == nullptr) return GS_OK;
    if (bytes < 0) return fail(GS_INVALID_ARGUMENT, "release: %lld bytes", static_cast<long long>(bytes));
    if (bytes < HUGE_FROM) {
        free(memory);
    } else if (munmap(memory, static_cast<size_t>(round_up(bytes, HUGE_PAGE))) != 0) {
        return fail(GS_INVALID_ARGUMENT, "release: %lld bytes at %p were not allocated here",
                    static_cast<long long>(bytes), memory);
    }
    return GS_OK;
}
