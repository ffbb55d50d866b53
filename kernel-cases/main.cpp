/*
 * kernel-cases test | time | list [--isa baseline|avx2|avx512] [--seed N] [--case REGEX] [--part I/N]
 * Tests or times the CPU library's kernels without Java; a time stands beside what this machine reaches at its best.
 * Exit 0: all passed; 1: a failure; 2: wrong usage; 77: this processor lacks the instruction set.
 */
#include <stdio.h>
#include <stdlib.h>

#include "program.h"

using namespace cases;

namespace {

class Processor : public Device {
  public:
    Processor() {
        if (const char* isa = getenv("GRADSIEVE_ISA")) asked_ = isa;
    }

    const char* usage() const override {
        return "usage: kernel-cases test|time|list [--isa baseline|avx2|avx512] [--seed N] [--case REGEX] [--part I/N]";
    }

    bool option(const std::string& key, const std::string& value) override {
        if (key == "--isa") asked_ = value;
        return key == "--isa";
    }

    int open() override {
        const int status = gs_open(asked_.empty() ? nullptr : asked_.c_str());
        if (status == GS_OK) return 0;
        fprintf(stderr, "%s\n", gs_last_error());
        return status == GS_UNSUPPORTED ? 77 : 2;
    }

    std::string describe() const override { return "isa " + isa(); }

    void print_ceilings() override {
        ceilings_ = std::make_unique<Ceilings>(isa());
        printf("one core: peak %.0f GFLOP/s; best sgemm %.0f GFLOP/s (%s); triad %.0f GB/s over 512 KB, %.0f over 8 MB, %.0f over 512 MB\n",
               ceilings_->peak(), ceilings_->sgemm(), ceilings_->sgemm_source().c_str(), ceilings_->triad(512e3), ceilings_->triad(8e6),
               ceilings_->triad(512e6));
        printf("%-31s %-54s %10s %9s %8s %9s %9s %9s\n", "operation", "shape", "us/sample", "GFLOP/s", "of peak", "of sgemm", "GB/s",
               "of triad");
    }

    void print_row(const Case& c, double seconds) override {
        const double gflops = c.flops / seconds * 1e-9, gbytes = c.bytes / seconds * 1e-9;
        printf("%-31s %-54s %10.3f %9.1f %7.0f%% %8.0f%% %9.1f %8.0f%%\n", c.operation.c_str(), c.shape.c_str(),
               seconds * 1e6 / static_cast<double>(c.samples), gflops, 100 * gflops / ceilings_->peak(),
               100 * gflops / ceilings_->sgemm(), gbytes, 100 * gbytes / ceilings_->triad(c.bytes));
    }

  private:
    static std::string isa() {
        const std::string description = gs_describe(), key = "\"isa\":\"";
        const size_t at = description.find(key) + key.size();
        return at < key.size() ? "" : description.substr(at, description.find('"', at) - at);
    }

    std::string asked_;
    std::unique_ptr<Ceilings> ceilings_;
};

}  // namespace

double cases::seconds_of_call(const std::function<int()>& call) { return seconds_of([&] { call(); }, 24); }

int main(int count, char** arguments) {
    Processor processor;
    return run_program(processor, count, arguments);
}
