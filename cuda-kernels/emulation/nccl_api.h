/* What the stand-in defines of NCCL 2.29, declared by hand; enumerations as int. */
#ifndef GRADSIEVE_EMULATION_NCCL_API_H
#define GRADSIEVE_EMULATION_NCCL_API_H

#include <limits.h>
#include <stddef.h>

extern "C" {

enum {
    ncclSuccess = 0,
    ncclUnhandledCudaError = 1,
    ncclSystemError = 2,
    ncclInternalError = 3,
    ncclInvalidArgument = 4,
    ncclInvalidUsage = 5,
    ncclRemoteError = 6,
    ncclInProgress = 7
};
enum { ncclSum = 0 };
enum { ncclFloat32 = 7, ncclFloat64 = 8 };
enum { NCCL_VERSION_CODE = 22903, NCCL_CONFIG_MAGIC = 0xcafebeef, NCCL_CONFIG_UNDEF_INT = INT_MIN, NCCL_UNIQUE_ID_BYTES = 128 };

typedef struct ncclComm* ncclComm_t;
typedef struct {
    char internal[NCCL_UNIQUE_ID_BYTES];
} ncclUniqueId;
typedef struct {
    size_t size;
    unsigned int magic, version;
    int blocking, cgaClusterSize, minCTAs, maxCTAs;
    const char* netName;
    int splitShare, trafficClass;
    const char* commName;
    int collnetEnable, CTAPolicy, shrinkShare, nvlsCTAs, nChannelsPerNetPeer, nvlinkCentricSched, graphUsageMode, numRmaCtx;
} ncclConfig_t;

int ncclGetVersion(int* version);
int ncclGetUniqueId(ncclUniqueId* id);
int ncclCommInitRankConfig(ncclComm_t* communicator, int world, ncclUniqueId id, int rank, ncclConfig_t* config);
int ncclCommGetAsyncError(ncclComm_t communicator, int* state);
int ncclCommFinalize(ncclComm_t communicator);
int ncclCommDestroy(ncclComm_t communicator);
int ncclCommAbort(ncclComm_t communicator);
int ncclCommRevoke(ncclComm_t communicator, int flags);
int ncclAllReduce(const void* from, void* to, size_t count, int type, int operation, ncclComm_t communicator, void* stream);
int ncclGroupStart(void);
int ncclGroupEnd(void);
const char* ncclGetErrorString(int result);
const char* ncclGetLastError(ncclComm_t communicator);
}

#endif
