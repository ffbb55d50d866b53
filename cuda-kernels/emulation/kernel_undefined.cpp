/*
 * Undefined behaviour, in the checked build: what the compiler calls where arithmetic overflows, a shift is too wide, a pointer is not
 * aligned for its type. In a kernel a fault of the launch; in the functions that launch, the end of the process.
 */
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "kernel_machine.h"

namespace {

/* How the compiler describes a place (every handler's data begins with one) and a pointer that does not fit its type. */
struct Location {
    const char* file;
    uint32_t line, column;
};
struct Type {
    uint16_t kind, info;
    char name[1];
};
struct Mismatch {
    Location location;
    const Type* type;
    unsigned char log_alignment, access;
};

void undefined(const void* data, emulation::Error error, const char* what) {
    const Location& location = *static_cast<const Location*>(data);
    const char* slash = std::strrchr(location.file, '/');
    const char* file = slash != nullptr ? slash + 1 : location.file;
    if (emulation::current != nullptr) emulation::machine->fault(error, nullptr, "%s (at %s:%u)", what, file, location.line);
    std::fprintf(stderr, "%s:%u: %s\n", location.file, location.line, what);
    std::abort();
}

}  // namespace

extern "C" {

void __ubsan_handle_type_mismatch_v1(const Mismatch* data, const void* pointer) {
    const unsigned alignment = 1u << data->log_alignment;
    char what[300];
    if (pointer == nullptr) {
        std::snprintf(what, sizeof what, "null pointer used as %s", data->type->name);
    } else if (reinterpret_cast<uintptr_t>(pointer) % alignment != 0) {
        std::snprintf(what, sizeof what, "misaligned address %p for %s, which needs a multiple of %u", pointer, data->type->name, alignment);
    } else {
        std::snprintf(what, sizeof what, "address %p without room for %s", pointer, data->type->name);
    }
    undefined(data, emulation::MISALIGNED_ADDRESS, what);
}

#define GS_UNDEFINED(name, what)                                              \
    void __ubsan_handle_##name(const void* data) {                            \
        undefined(data, emulation::LAUNCH_FAILURE, what);                     \
    }
GS_UNDEFINED(add_overflow, "an addition of whole numbers overflows")
GS_UNDEFINED(sub_overflow, "a subtraction of whole numbers overflows")
GS_UNDEFINED(mul_overflow, "a multiplication of whole numbers overflows")
GS_UNDEFINED(negate_overflow, "a negation of a whole number overflows")
GS_UNDEFINED(divrem_overflow, "a whole number is divided by zero, or the division overflows")
GS_UNDEFINED(shift_out_of_bounds, "a shift by more bits than there are, or of a negative number")
GS_UNDEFINED(out_of_bounds, "an index outside of its array")
GS_UNDEFINED(pointer_overflow, "arithmetic on a null pointer, or beyond the end of memory")
GS_UNDEFINED(load_invalid_value, "a bool or enum that holds no value of its type")
GS_UNDEFINED(nonnull_arg, "a null pointer where none may be")
GS_UNDEFINED(vla_bound_not_positive, "an array without a length")
GS_UNDEFINED(invalid_builtin, "a count of zeros of 0")
GS_UNDEFINED(builtin_unreachable, "a place that cannot be reached is reached")
GS_UNDEFINED(missing_return, "a function ends without its value")
void __ubsan_handle_nonnull_return_v1(const void*, const void* location) {
    undefined(location, emulation::LAUNCH_FAILURE, "a null pointer returned where none may be");
}
}
