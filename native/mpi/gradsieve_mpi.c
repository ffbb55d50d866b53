/*
 * The machine's MPI for Java: io.gradsieve.natives.MpiLibrary has the meaning of each function. One operation at a time, begun
 * here and polled, so that Java can see an abort, an interrupt or a deadline in between. A code below 0 is an MPI error's, negated.
 *
 * Built with this machine's MPI and of use with that kind only; by hand:
 *   mpicc -shared -fPIC -O2 -I$JAVA_HOME/include -I$JAVA_HOME/include/linux native/mpi/gradsieve_mpi.c -o libgradsieve_mpi.so
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <jni.h>
#include <mpi.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#define NATIVE(type, name) JNIEXPORT type JNICALL Java_io_gradsieve_natives_MpiLibrary_##name

enum { PENDING = 0, DONE = 1 };

static MPI_Comm workers;
static MPI_Request requests[2];
static int pending;
static double begun;

/* Of the gather under way: MPI reads them until it is done. */
static int *sizes;
static int *starts;

/* For a moment a wait only yields its core; then it sleeps between looks, as others may compute there. */
static const double AWAKE = 2e-3;
static const struct timespec NAP = {0, 20000};

static jint started(int code, int count) {
    pending = count;
    begun = MPI_Wtime();
    return code == MPI_SUCCESS ? DONE : -code;
}

static char *at(JNIEnv *env, jobject buffer, jint position) {
    return (char *)(*env)->GetDirectBufferAddress(env, buffer) + position;
}

/* place: rank, world, level of threads that is given, level that is needed */
NATIVE(jint, initialize)(JNIEnv *env, jclass type, jintArray place) {
    (void)type;
    /* Java opened us, and MPI with us, for ourselves alone; MPI's own plug-ins look for its symbols among everybody's. */
    Dl_info library;
    if (dladdr((void *)&MPI_Init_thread, &library) != 0) {
        dlopen(library.dli_fname, RTLD_NOW | RTLD_GLOBAL | RTLD_NOLOAD);
    }
    /* Signals are the JVM's: it makes exceptions of some. */
    setenv("UCX_ERROR_SIGNALS", "", 0);
    int here[4] = {0, 0, 0, MPI_THREAD_SERIALIZED};
    int code = MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &here[2]);
    if (code == MPI_SUCCESS) {
        code = MPI_Comm_dup(MPI_COMM_WORLD, &workers);
    }
    if (code == MPI_SUCCESS) {
        MPI_Comm_set_errhandler(workers, MPI_ERRORS_RETURN);
        MPI_Comm_rank(workers, &here[0]);
        MPI_Comm_size(workers, &here[1]);
        sizes = malloc(sizeof(int) * here[1]);
        starts = malloc(sizeof(int) * here[1]);
        if (sizes == NULL || starts == NULL) {
            return -MPI_ERR_NO_MEM;
        }
    }
    jint copied[4] = {here[0], here[1], here[2], here[3]};
    (*env)->SetIntArrayRegion(env, place, 0, 4, copied);
    return code == MPI_SUCCESS ? DONE : -code;
}

NATIVE(jint, exchange)(JNIEnv *env, jclass type, jobject out, jint outAt, jint outBytes, jint to, jobject in, jint inAt,
                       jint inBytes, jint from) {
    (void)type;
    int code = MPI_Irecv(at(env, in, inAt), inBytes, MPI_BYTE, from, 0, workers, &requests[0]);
    if (code != MPI_SUCCESS) {
        return -code;
    }
    return started(MPI_Isend(at(env, out, outAt), outBytes, MPI_BYTE, to, 0, workers, &requests[1]), 2);
}

NATIVE(jint, gather)(JNIEnv *env, jclass type, jobject bytes, jintArray lengths) {
    (void)type;
    int world = (*env)->GetArrayLength(env, lengths);
    jint *given = (*env)->GetIntArrayElements(env, lengths, NULL);
    if (given == NULL) {
        return -MPI_ERR_NO_MEM;
    }
    int start = 0;
    for (int r = 0; r < world; r++) {
        sizes[r] = given[r];
        starts[r] = start;
        start += given[r];
    }
    (*env)->ReleaseIntArrayElements(env, lengths, given, JNI_ABORT);
    return started(MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_BYTE, at(env, bytes, 0), sizes, starts, MPI_BYTE, workers, requests), 1);
}

NATIVE(jint, broadcast)(JNIEnv *env, jclass type, jobject bytes, jint length, jint root) {
    (void)type;
    return started(MPI_Ibcast(at(env, bytes, 0), length, MPI_BYTE, root, workers, requests), 1);
}

NATIVE(jint, barrier)(JNIEnv *env, jclass type) {
    (void)env;
    (void)type;
    return started(MPI_Ibarrier(workers, requests), 1);
}

NATIVE(jint, poll)(JNIEnv *env, jclass type, jlong nanoseconds) {
    (void)env;
    (void)type;
    double end = MPI_Wtime() + nanoseconds * 1e-9;
    for (;;) {
        int done = 0;
        int code = MPI_Testall(pending, requests, &done, MPI_STATUSES_IGNORE);
        if (code != MPI_SUCCESS) {
            return -code;
        }
        double now = MPI_Wtime();
        if (done || now >= end) {
            return done ? DONE : PENDING;
        }
        if (now - begun < AWAKE) {
            sched_yield();
        } else {
            nanosleep(&NAP, NULL);
        }
    }
}

NATIVE(jstring, message)(JNIEnv *env, jclass type, jint code) {
    (void)type;
    char text[MPI_MAX_ERROR_STRING + 1] = "";
    int length = 0;
    MPI_Error_string(-code, text, &length);
    return (*env)->NewStringUTF(env, text);
}

NATIVE(jint, finish)(JNIEnv *env, jclass type) {
    (void)env;
    (void)type;
    free(sizes);
    free(starts);
    sizes = starts = NULL;
    MPI_Comm_free(&workers);
    int code = MPI_Finalize();
    return code == MPI_SUCCESS ? DONE : -code;
}
