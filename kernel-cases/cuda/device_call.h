/*
 * What the adapters in this folder share. An adapter defines a function of gradsieve.h by the kernels of gradsieve_cuda.h, so that
 * the CPU library's cases test and time them:
 *
 *     int gs_activation_forward(int64_t batch, int64_t positions, int64_t channels, int64_t pitch, int activation,
 *                               const float* input, float* output) {
 *         DeviceCall call;
 *         const int64_t p = device_pitch(channels, pitch);
 *         const float* x = call.in_value(input, batch, positions, channels, pitch);
 *         float* y = call.out_value(output, batch, positions, channels, pitch);
 *         return call.run([&](void* stream) {
 *             return gs_cuda_activation_forward(batch, positions, channels, p, activation, x, y, stream);
 *         });
 *     }
 *
 * run queues, waits and copies back; with `time` it repeats the kernels alone, on operands that are on the device already, between
 * two events. Nothing needs checking before: a host array that is shorter than a shape says, or a shape that is none, gives a
 * token address, and if the kernel's wrapper does not refuse the call, run does, with a status that no case expects.
 */
#ifndef GRADSIEVE_CASES_DEVICE_CALL_H
#define GRADSIEVE_CASES_DEVICE_CALL_H

#include "../cases.h"
#include "gradsieve_cuda.h"

namespace cases {

/* The pitch that the kernels take: rounded up to 4 floats. One that is wrong on the CPU stays wrong. */
inline int64_t device_pitch(int64_t channels, int64_t pitch) {
    const int64_t most = INT64_C(1) << 40;
    return pitch >= channels && pitch > 0 && pitch < most ? (pitch + 3) / 4 * 4 : pitch;
}

class DeviceCall {
  public:
    DeviceCall();
    ~DeviceCall();
    DeviceCall(const DeviceCall&) = delete;
    DeviceCall& operator=(const DeviceCall&) = delete;

    /* Arrays that are the same on both sides. NULL stays NULL. out: the device's memory is poisoned (0xff), and copied back by run;
     * in_out: what a kernel adds to or changes; added: "=" on the device where the CPU's function is "+=": run adds it on the host. */
    template <typename T>
    const T* in(const T* host, int64_t count) {
        return static_cast<const T*>(dense(host, nullptr, count, sizeof(T), COPY_IN));
    }
    template <typename T>
    T* out(T* host, int64_t count) {
        return static_cast<T*>(dense(host, host, count, sizeof(T), COPY_OUT));
    }
    template <typename T>
    T* in_out(T* host, int64_t count) {
        return static_cast<T*>(dense(host, host, count, sizeof(T), COPY_IN | COPY_OUT));
    }
    float* added(float* host, int64_t count) { return vectors(host, host, 1, count, count, count, COPY_OUT | ADD); }

    /* Values [B][T][P], at device_pitch(channels, pitch) on the device. The lanes beyond the channels must be zero afterwards. */
    const float* in_value(const float* host, int64_t batch, int64_t positions, int64_t channels, int64_t pitch);
    float* out_value(float* host, int64_t batch, int64_t positions, int64_t channels, int64_t pitch);
    float* in_out_value(float* host, int64_t batch, int64_t positions, int64_t channels, int64_t pitch);
    /* The gradient of an input: added to, stored, or (GS_GRADIENT_NONE) NULL. */
    float* gradient_value(float* host, int mode, int64_t batch, int64_t positions, int64_t channels, int64_t pitch);
    /* Choices, bytes [B][T][P]; the lanes beyond the channels may be anything. */
    const uint8_t* in_choice(const uint8_t* host, int64_t batch, int64_t positions, int64_t channels, int64_t pitch);
    uint8_t* out_choice(uint8_t* host, int64_t batch, int64_t positions, int64_t channels, int64_t pitch);

    /* Parameters: `rows` vectors of `count` floats, dense on the host, at `pitch` on the device, zeros between (checked). */
    const float* in_vectors(const float* host, int64_t rows, int64_t count, int64_t pitch);
    float* out_vectors(float* host, int64_t rows, int64_t count, int64_t pitch);
    float* in_out_vectors(float* host, int64_t rows, int64_t count, int64_t pitch);
    float* added_vectors(float* host, int64_t rows, int64_t count, int64_t pitch);

    /* Poisoned device memory that is not copied: workspaces, values between two kernels. NULL for 0 bytes. */
    void* workspace(int64_t bytes);

    /* queue calls the gs_cuda_* functions on the stream and returns their status. Then waits, copies back, checks. Once a call. The
     * status is that of the gs_* function, gs_last_error() its message. */
    int run(const std::function<int(void* stream)>& queue);

  private:
    enum { COPY_IN = 1, COPY_OUT = 2, ADD = 4, ZERO_PADS = 8 };
    /* rows of `used` elements, host_pitch elements apart on the host (to: written, may be from), device_pitch on the device. */
    struct Array {
        const void* from;
        void* to;
        void* device;
        int64_t rows, used, host_pitch, device_pitch;
        size_t size; /* of an element */
        int flags;
    };

    void* dense(const void* from, void* to, int64_t count, size_t size, int flags);
    float* vectors(const float* from, float* to, int64_t rows, int64_t used, int64_t host_pitch, int64_t device_pitch,
                   int flags);
    void* value(const void* from, void* to, size_t size, int64_t batch, int64_t positions, int64_t channels, int64_t pitch,
                int flags);
    void* place(Array array);
    void* allocate(size_t bytes);
    bool check(int error, const char* what);
    void copy_in(const Array& array);
    void copy_out(const Array& array);
    void measure(const std::function<int(void*)>& queue);
    void guards();

    std::vector<Array> arrays_;
    std::vector<std::pair<unsigned char*, size_t>> memory_; /* with guard zones */
    std::string wrong_;                                     /* of the arguments: the call must be refused */
    std::string failure_;                                   /* of the device, or of what it left */
};

/* Whether the kernels are those of the emulation, from gs_cuda_describe. */
bool emulated();

/* Seconds that the kernels of one DeviceCall::run in `call` take; 0 if it failed. */
double kernel_seconds(const std::function<int()>& call);

}  // namespace cases
#endif
