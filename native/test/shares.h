/* Steps that are shares of larger ones, and the norm of their gradient. */
#ifndef GRADSIEVE_TEST_SHARES_H
#define GRADSIEVE_TEST_SHARES_H

#include "check.h"
#include "network.h"

void shares_meet_at_points(const Network& network, const Check& check);

#endif
