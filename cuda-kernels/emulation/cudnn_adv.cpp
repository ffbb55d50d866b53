/* libcudnn_adv, of which the engine uses nothing. libcudnn and the others that cuDNN loads are this file too, without a symbol. */
#include "cudnn_api.h"

extern "C" int cudnnAdvVersionCheck(void) { return CUDNN_STATUS_SUCCESS; }
