/*
 * The cases of the native kernels: each operation's file declares shapes, inputs, a reference in double precision, a
 * tolerance with its reason, and what a call costs in bytes and flops; `kernel-cases test | time | list` uses all of it.
 *
 * To add an operation: <operation>.cpp with a function `static void declare(std::vector<Case>& cases)` and, below it,
 * `static const Registration registration(declare);`. A case's body takes buffers from its Run, makes one call of the C
 * function through run.call, and compares. Inputs come from the printed seed and the case's name alone.
 */
#ifndef GRADSIEVE_CASES_H
#define GRADSIEVE_CASES_H

#include "gradsieve.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace cases {

/* |got - reference| <= relative * (|reference| + root mean square of the reference); NaN equals NaN only. */
struct Tolerance {
    double relative;
    const char* reason;
};

/* For sums of n products of values with random signs in single precision. */
Tolerance summation(double n);
/* Copies, choices and sums of nothing. */
constexpr Tolerance EXACT = {0, "no arithmetic that could round"};

/* Memory with guard zones around it that a kernel must leave as they are; exactly as long as asked for where the address
 * sanitizer watches. 64-byte aligned, first filled with NaN bytes. */
class Memory {
  public:
    Memory(std::string name, size_t bytes);
    ~Memory();
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;
    unsigned char* data() { return data_; }
    const std::string& name() const { return name_; }
    /* What is wrong with the guard zones; empty if nothing. */
    std::string violation() const;
    /* Whether so many bytes from there are inside of it, if they begin in a live Memory; others are trusted. */
    static bool holds(const void* from, size_t bytes);

  private:
    std::string name_;
    size_t bytes_, guard_;
    unsigned char *block_, *data_;
};

/* A typed view of Memory that a Run owns, with a copy of what it held before the call ("+=" references start from it). */
template <typename T>
struct Buffer {
    T* data;
    size_t size;
    const char* name;
    std::vector<T> before;
    T* get() const { return data; }
    T& operator[](size_t i) { return data[i]; }
    const T& operator[](size_t i) const { return data[i]; }
};

class Run {
  public:
    Run(bool timing, uint64_t seed);

    /* Standard normal values times scale. */
    Buffer<float> random(const char* name, int64_t count, double scale = 1);
    /* The same for [rows][pitch] with lanes channels..pitch-1 zero. */
    Buffer<float> rows(const char* name, int64_t rows, int64_t channels, int64_t pitch, double scale = 1);
    Buffer<float> filled(const char* name, int64_t count, float value);
    /* Not written yet: NaN, which a kernel that only stores never reads. */
    Buffer<float> unwritten(const char* name, int64_t count);
    Buffer<uint8_t> bytes(const char* name, int64_t count);
    Buffer<int32_t> ints(const char* name, int64_t count);
    Buffer<int64_t> longs(const char* name, int64_t count);
    double uniform();
    int64_t below(int64_t bound);

    /* Calls once and expects GS_OK, or, in a timing run, calls again and again. Remembers what buffers held before. */
    void call(const std::function<int()>& function);
    /* Expects the status and a one-line message. */
    void refuses(int status, const std::function<int()>& function);

    /* In a test: compares; the reference is only computed then. */
    void compare(const Buffer<float>& got, Tolerance tolerance, const std::function<std::vector<double>()>& reference);
    void expect(bool condition, const std::string& otherwise);
    bool timing() const { return timing_; }

    const std::vector<std::string>& failures() const { return failures_; }
    double seconds() const { return seconds_; }
    /* Guard zones after the call. */
    void inspect();

  private:
    template <typename T>
    Buffer<T> take(const char* name, int64_t count);
    double normal();
    bool timing_;
    uint64_t state_;
    double seconds_ = 0;
    std::vector<std::unique_ptr<Memory>> memory_;
    std::vector<std::string> failures_;
};

struct Case {
    std::string operation; /* a name of gradsieve.h without gs_ */
    std::string shape;     /* names the case together with the operation */
    /* Of one call. flops: additions and multiplications of the formula, an exp or a square root counting as one, however the kernel
     * computes it and whatever it leaves out. bytes: every array that it reads once, every one that it writes once more. */
    double flops = 0, bytes = 0;
    int64_t samples = 1;   /* of one call, for the time of one */
    bool timed = false;    /* a shape whose speed matters: `time` runs it */
    std::function<void(Run&)> body;
};

struct Registration {
    explicit Registration(void (*declare)(std::vector<Case>&));
};

/* All cases in the order of their names. */
std::vector<Case> all_cases();

std::string text(const char* format, ...) __attribute__((format(printf, 1, 2)));

/* Seconds a call: the best of windows of at least 10 ms of this thread's time, for other work on the machine only ever makes one
 * slower. */
double seconds_of(const std::function<void()>& function, int windows);
/* What `time` takes for the time of a case's call: on the CPU this thread's, on a GPU the device's. Of the program. */
double seconds_of_call(const std::function<int()>& call);

struct Product;

/*
 * What one core of this machine reaches at its best, measured when `time` starts, so that a kernel's figure says how much is left.
 * Products of matrices stand beside sgemm: OpenBLAS on one thread where the system has libopenblas.so.0 (Debian's libopenblas0-pthread,
 * or LD_LIBRARY_PATH), with the kernels it takes here whatever the instruction set of ours; else our own linear product.
 * All else stands beside a triad, a[i] = b[i] + s * c[i] with this instruction set, over as many bytes as the call reads and writes: a
 * step's blocks are small so that they stay in cache, and the speed of memory would be no ceiling for them. A triad reads two floats
 * for one that it writes, elsewhere: a kernel that only reads, or writes where it has read, can go beyond it.
 */
class Ceilings {
  public:
    explicit Ceilings(const std::string& isa);
    /* GFLOP/s: independent multiply-adds in registers. */
    double peak() const { return peak_; }
    /* GFLOP/s, and whose. */
    double sgemm() const { return sgemm_; }
    const std::string& sgemm_source() const { return sgemm_source_; }
    /* GB/s over arrays of so many bytes together. */
    double triad(double bytes);

  private:
    bool openblas();
    void own_product();
    void offer(const Product& product, double seconds, const std::string& source);
    int lanes_;
    double peak_ = 0, sgemm_ = 0;
    std::string sgemm_source_;
    std::map<int64_t, double> triads_;
};

}  // namespace cases
#endif
