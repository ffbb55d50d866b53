/* Values [B][T][P] at the edge: what every operation over positions checks of its shape. */
#ifndef GRADSIEVE_CUDA_VALUES_H
#define GRADSIEVE_CUDA_VALUES_H

#include "device.h"

namespace gradsieve {

/* Each below 2^31, all of a value below 2^60 floats, so that no product overflows. */
inline int check_values(const char* operation, int64_t batch, int64_t positions, int64_t channels, int64_t pitch) {
    const int64_t most = INT32_MAX;
    if (batch < 0 || positions <= 0 || channels <= 0 || batch > most || positions > most || pitch > most)
        return refuse(operation, "a value of %lld x %lld positions, %lld channels at a pitch of %lld",
                      static_cast<long long>(batch), static_cast<long long>(positions), static_cast<long long>(channels),
                      static_cast<long long>(pitch));
    if (pitch < channels || pitch % 4 != 0)
        return refuse(operation, "a pitch of %lld floats for %lld channels: less, or no multiple of 4",
                      static_cast<long long>(pitch), static_cast<long long>(channels));
    if (batch > 0 && positions > (INT64_C(1) << 60) / pitch / batch)
        return refuse(operation, "%lld x %lld positions of %lld floats: more than 2^60", static_cast<long long>(batch),
                      static_cast<long long>(positions), static_cast<long long>(pitch));
    return GS_CUDA_OK;
}

}  // namespace gradsieve
#endif
