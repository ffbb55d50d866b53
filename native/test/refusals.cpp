#include "refusals.h"

#include <string.h>

#include "compiled.h"

void convolutions_that_do_not_fit_are_refused(const Check& check) {
    const int64_t SIDE = 40, HUGE_NUMBER = int64_t{1} << 62;
    const struct {
        const char* what;
        int64_t kernel, stride, padding, pool, out, pitch;
    } wrong[] = {{"kernel 0", 0, 1, 1, 1, 40, 16},          {"kernel larger than the input", 41, 1, 0, 1, 1, 16},
                 {"stride 0", 3, 0, 1, 1, 40, 16},          {"padding -1", 3, 1, -1, 1, 36, 16},
                 {"padding 2^62", 3, 1, HUGE_NUMBER, 1, 40, 16}, {"a window of more places than a byte", 3, 1, 1, 17, 2, 16},
                 {"another size", 3, 1, 1, 1, 39, 16},      {"another pitch", 3, 1, 1, 1, 40, 32}};
    for (const auto& w : wrong) {
        gs_step* step;
        int32_t in, out, saved;
        must(gs_step_create(1, 2, 1, &step));
        must(gs_step_tensor(step, SIDE * SIDE, 3, 3, GS_ARENA, 0, GS_NOWHERE, 0, &in));
        must(gs_step_tensor(step, w.out * w.out, 5, w.pitch, GS_ARENA, 0, GS_NOWHERE, 0, &out));
        must(gs_step_tensor(step, 1, 16, 16, GS_ARENA, 0, GS_NOWHERE, 0, &saved));
        must(gs_step_segment(step, 1, 0));
        const int32_t gradient = GS_GRADIENT_NONE, read[] = {in, out};
        must(gs_step_operation(step, 1, &in, &gradient, out, saved, 2, read));
        int status =
            gs_step_conv2d(step, SIDE, SIDE, w.kernel, w.kernel, w.stride, w.padding, 0, -1, GS_RELU, w.pool);
        bool named = status == GS_INVALID_ARGUMENT && strncmp(gs_last_error(), "conv2d: ", 8) == 0;
        check(named, "conv2d", w.what, status, GS_INVALID_ARGUMENT);
        must(gs_step_destroy(step));
    }
}

/* A plan that says less than an operation needs, or nothing. */
void an_operation_refuses_a_dataflow_that_lacks_what_it_needs(const Check& check) {
    const int32_t none = GS_GRADIENT_NONE;
    gs_step* step;
    int32_t in, out;
    must(gs_step_create(1, 2, 1, &step));
    must(gs_step_tensor(step, 4, 3, 16, GS_ARENA, 0, GS_NOWHERE, 0, &in));
    must(gs_step_tensor(step, 4, 3, 16, GS_ARENA, 256, GS_NOWHERE, 0, &out));
    must(gs_step_segment(step, 1, 0));
    const auto refused = [&](const char* what, int status, const char* line) {
        bool named = status == GS_INVALID_ARGUMENT && strstr(gs_last_error(), line) != nullptr;
        check(named, what, gs_last_error(), status, GS_INVALID_ARGUMENT);
    };
    refused("nothing told", gs_step_activation(step, GS_RELU), "activation: gs_step_operation comes first");
    refused("no such tensor", gs_step_operation(step, 1, &out, &none, 7, -1, 0, nullptr), "tensor 7 of 2");
    refused("reads what it does not touch", gs_step_operation(step, 1, &in, &none, -1, -1, 1, &out),
            "neither input nor output");
    must(gs_step_operation(step, 1, &in, &none, out, -1, 0, nullptr));
    refused("relu's output", gs_step_activation(step, GS_RELU), "backward reads its output, tensor 1");
    must(gs_step_operation(step, 1, &in, &none, out, -1, 1, &in));
    refused("two inputs", gs_step_add(step), "add: has 1 inputs, 2 are needed");
    must(gs_step_operation(step, 1, &in, &none, out, -1, 1, &in));
    refused("what group norm saves", gs_step_groupnorm(step, 3, 0, 16, 1e-5f), "no tensor to save");
    must(gs_step_operation(step, 1, &in, &none, -1, -1, 0, nullptr));
    refused("an output", gs_step_dropout(step, 0.5, 0), "no tensor to write");
    must(gs_step_destroy(step));
}
