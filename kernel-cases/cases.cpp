#include "cases.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <algorithm>

namespace cases {

#if defined(__SANITIZE_ADDRESS__)
static const size_t GUARD = 0; /* the sanitizer sees more, reads too */
#else
static const size_t GUARD = 1024; /* bytes; a tile of registers too many */
#endif
static const unsigned char SENTINEL = 0xFF; /* four of them are a NaN, so that a read shows as well */

Tolerance summation(double n) {
    return {4 * 6e-8 * sqrt(n < 1 ? 1 : n), "rounding errors of a sum of n terms with random signs grow as sqrt(n)"};
}

static std::vector<const Memory*>& live() {
    static std::vector<const Memory*> all;
    return all;
}

Memory::Memory(std::string name, size_t bytes) : name_(std::move(name)), bytes_(bytes), guard_(GUARD) {
    void* block = nullptr;
    if (posix_memalign(&block, 64, guard_ + bytes_ + guard_ + (bytes_ == 0 ? 1 : 0)) != 0) abort();
    block_ = static_cast<unsigned char*>(block);
    data_ = block_ + guard_;
    memset(block_, SENTINEL, guard_ + bytes_ + guard_);
    live().push_back(this);
}

Memory::~Memory() {
    live().erase(std::find(live().begin(), live().end(), this));
    free(block_);
}

bool Memory::holds(const void* from, size_t bytes) {
    const unsigned char* const at = static_cast<const unsigned char*>(from);
    for (const Memory* memory : live()) {
        const unsigned char* const end = memory->data_ + memory->bytes_;
        if (at >= memory->data_ && at <= end) return bytes <= static_cast<size_t>(end - at);
    }
    return true;
}

std::string Memory::violation() const {
    for (size_t i = 0; i < guard_; i++) {
        if (block_[i] != SENTINEL) return text("%s was written %zu bytes before its start", name_.c_str(), guard_ - i);
        if (data_[bytes_ + i] != SENTINEL) return text("%s was written %zu bytes after its end", name_.c_str(), i + 1);
    }
    return "";
}

Run::Run(bool timing, uint64_t seed) : timing_(timing), state_(seed) {}

double Run::uniform() {
    state_ += 0x9E3779B97F4A7C15ull;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1.0p-53;
}

int64_t Run::below(int64_t bound) { return static_cast<int64_t>(uniform() * static_cast<double>(bound)); }

double Run::normal() { return sqrt(-2 * log(1 - uniform())) * cos(2 * M_PI * uniform()); }

template <typename T>
Buffer<T> Run::take(const char* name, int64_t count) {
    memory_.push_back(std::make_unique<Memory>(name, static_cast<size_t>(count) * sizeof(T)));
    return {reinterpret_cast<T*>(memory_.back()->data()), static_cast<size_t>(count), name, {}};
}

Buffer<float> Run::random(const char* name, int64_t count, double scale) { return rows(name, 1, count, count, scale); }

Buffer<float> Run::rows(const char* name, int64_t rows, int64_t channels, int64_t pitch, double scale) {
    Buffer<float> buffer = take<float>(name, rows * pitch);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < pitch; c++)
            buffer.data[r * pitch + c] = c < channels ? static_cast<float>(scale * normal()) : 0.0f;
    buffer.before.assign(buffer.data, buffer.data + buffer.size);
    return buffer;
}

Buffer<float> Run::filled(const char* name, int64_t count, float value) {
    Buffer<float> buffer = take<float>(name, count);
    std::fill(buffer.data, buffer.data + buffer.size, value);
    buffer.before.assign(buffer.data, buffer.data + buffer.size);
    return buffer;
}

Buffer<float> Run::unwritten(const char* name, int64_t count) { return take<float>(name, count); }
Buffer<uint8_t> Run::bytes(const char* name, int64_t count) { return take<uint8_t>(name, count); }
Buffer<int32_t> Run::ints(const char* name, int64_t count) { return take<int32_t>(name, count); }
Buffer<int64_t> Run::longs(const char* name, int64_t count) { return take<int64_t>(name, count); }

static double now() {
    timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

double seconds_of(const std::function<void()>& function, int windows) {
    const double window = 0.01;
    int64_t calls = 1;
    double best = INFINITY;
    while (windows > 0) {
        const double start = now();
        for (int64_t i = 0; i < calls; i++) function();
        const double seconds = now() - start;
        if (seconds < window) {
            calls = std::max(calls + 1, static_cast<int64_t>(static_cast<double>(calls) * 1.2 * window / (seconds + 1e-6)));
            continue;
        }
        best = std::min(best, seconds / static_cast<double>(calls));
        windows--;
    }
    return best;
}

void Run::call(const std::function<int()>& function) {
    const int status = function();
    if (status != GS_OK) {
        failures_.push_back(text("status %d: %s", status, gs_last_error()));
        return;
    }
    if (timing_) seconds_ = seconds_of_call(function);
}

void Run::refuses(int status, const std::function<int()>& function) {
    if (timing_) return;
    const int got = function();
    if (got != status) failures_.push_back(text("status %d instead of %d", got, status));
    const char* line = gs_last_error();
    expect(line[0] != 0 && strchr(line, '\n') == nullptr, text("the message is not one line: '%s'", line));
}

void Run::compare(const Buffer<float>& got, Tolerance tolerance, const std::function<std::vector<double>()>& reference) {
    if (timing_ || !failures_.empty()) return;
    const std::vector<double> wanted = reference();
    if (wanted.size() != got.size) {
        failures_.push_back(text("%s has %zu elements, its reference %zu", got.name, got.size, wanted.size()));
        return;
    }
    double squares = 0;
    for (double w : wanted) squares += isfinite(w) ? w * w : 0;
    const double typical = sqrt(squares / static_cast<double>(std::max<size_t>(1, wanted.size())));
    size_t wrong = 0, worst = 0;
    double excess = 0;
    for (size_t i = 0; i < wanted.size(); i++) {
        const double g = static_cast<double>(got[i]), w = wanted[i], error = fabs(g - w);
        const double allowed = tolerance.relative * (fabs(w) + typical);
        if ((isnan(g) && isnan(w)) || g == w || error <= allowed) continue;
        const double ratio = isfinite(error) ? error / (allowed + 1e-300) : INFINITY;
        if (wrong++ == 0 || ratio > excess) {
            worst = i;
            excess = ratio;
        }
    }
    if (wrong > 0)
        failures_.push_back(text("%s[%zu] is %.9g instead of %.9g (%zu of %zu beyond %.2g: %s)", got.name, worst,
                                 static_cast<double>(got[worst]), wanted[worst], wrong, wanted.size(), tolerance.relative,
                                 tolerance.reason));
}

void Run::expect(bool condition, const std::string& otherwise) {
    if (!timing_ && !condition) failures_.push_back(otherwise);
}

void Run::inspect() {
    for (const auto& memory : memory_) {
        const std::string violation = memory->violation();
        if (!violation.empty()) failures_.push_back(violation);
    }
}

static std::vector<void (*)(std::vector<Case>&)>& declarations() {
    static std::vector<void (*)(std::vector<Case>&)> all;
    return all;
}

Registration::Registration(void (*declare)(std::vector<Case>&)) { declarations().push_back(declare); }

std::vector<Case> all_cases() {
    std::vector<Case> cases;
    for (auto declare : declarations()) declare(cases);
    std::stable_sort(cases.begin(), cases.end(), [](const Case& a, const Case& b) { return a.operation < b.operation; });
    return cases;
}

std::string text(const char* format, ...) {
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    return line;
}

}  // namespace cases
