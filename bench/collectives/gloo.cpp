/*
 * A side of the comparison: two processes sum floats by gloo's ring, over TCP. For each line that the first reads it prints the
 * seconds of one all-reduce, the median of five. gloo BYTES DIRECTORY, an empty one where the two meet
 */
#include <gloo/allreduce.h>
#include <gloo/barrier.h>
#include <gloo/broadcast.h>
#include <gloo/math.h>
#include <gloo/rendezvous/context.h>
#include <gloo/rendezvous/file_store.h>
#include <gloo/transport/tcp/device.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

using Clock = std::chrono::steady_clock;

int main(int, char** arguments) {
    const int rank = fork() == 0;
    gloo::transport::tcp::attr where;
    where.hostname = "127.0.0.1";
    auto device = gloo::transport::tcp::CreateDevice(where);
    gloo::rendezvous::FileStore store(arguments[2]);
    auto context = std::make_shared<gloo::rendezvous::Context>(rank, 2);
    context->setTimeout(std::chrono::minutes(10));
    context->connectFullMesh(store, device);
    std::vector<float> values(static_cast<size_t>(atoll(arguments[1])) / sizeof(float));
    gloo::BarrierOptions barrier(context);
    for (;;) {
        char line[16];
        int more = rank == 0 && fgets(line, sizeof line, stdin) != nullptr;
        gloo::BroadcastOptions order(context);
        order.setOutput(&more, 1);
        order.setRoot(0);
        gloo::broadcast(order);
        if (!more) break;
        double seconds[5];
        for (double& one : seconds) {
            gloo::barrier(barrier);
            const auto start = Clock::now();
            gloo::AllreduceOptions options(context);
            options.setOutput(values.data(), values.size());
            options.setAlgorithm(gloo::AllreduceOptions::Algorithm::RING);
            options.setReduceFunction(static_cast<void (*)(void*, const void*, const void*, size_t)>(&gloo::sum<float>));
            gloo::allreduce(options);
            gloo::barrier(barrier);
            one = std::chrono::duration<double>(Clock::now() - start).count();
        }
        std::sort(seconds, seconds + 5);
        if (rank == 0) {
            printf("%.9f\n", seconds[2]);
            fflush(stdout);
        }
    }
    fflush(stdout);
    _exit(0);
}
