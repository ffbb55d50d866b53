/* Plans that the executor refuses to build, each in one line. */
#ifndef GRADSIEVE_TEST_REFUSALS_H
#define GRADSIEVE_TEST_REFUSALS_H

#include "check.h"

void convolutions_that_do_not_fit_are_refused(const Check& check);
void an_operation_refuses_a_dataflow_that_lacks_what_it_needs(const Check& check);

#endif
