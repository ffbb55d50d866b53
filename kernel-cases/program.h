/* test | time | list over the cases: what the programs for the CPU library and for the CUDA kernels share. */
#ifndef GRADSIEVE_CASES_PROGRAM_H
#define GRADSIEVE_CASES_PROGRAM_H

#include "cases.h"

namespace cases {

/* What runs the kernels. */
class Device {
  public:
    virtual ~Device() = default;
    /* One line, without the new line. */
    virtual const char* usage() const = 0;
    /* An option of its own; false if it has none of that name. */
    virtual bool option(const std::string& key, const std::string& value) = 0;
    /* The exit status if it can't be had, having said why; else 0. */
    virtual int open() = 0;
    virtual std::string describe() const = 0;
    /* Measures what the device reaches at its best and prints it above a table's head; then a row of the table. */
    virtual void print_ceilings() = 0;
    virtual void print_row(const Case& timed, double seconds) = 0;
};

/* Exit 0: all passed; 1: a failure; 2: wrong usage; else what the device's open says. */
int run_program(Device& device, int count, char** arguments);

}  // namespace cases
#endif
